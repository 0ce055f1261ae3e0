// Whether this build is slowed down by a sanitizer: what repeats many random runs does fewer in it.
// The release build runs the figures that are documented.

#ifndef ANQIAO_TESTS_TESTING_SANITIZED_H_
#define ANQIAO_TESTS_TESTING_SANITIZED_H_

namespace anqiao::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_SANITIZED_H_
