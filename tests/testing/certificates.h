// A certificate authority of a test's own, and certificates with the names that it asks for.

#ifndef ANQIAO_TESTS_TESTING_CERTIFICATES_H_
#define ANQIAO_TESTS_TESTING_CERTIFICATES_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::testing {

inline std::string Slurp(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline bool Shell(const std::string& command) {
  return std::system(absl::StrCat("(", command, ") >/dev/null 2>&1").c_str()) == 0;
}

// A CA, a server certificate and client certificates with the URIs that a test asks for.
class Certificates {
 public:
  Certificates() {
    MakeAuthority("ca");
    Make("server", "subjectAltName=IP:127.0.0.1,DNS:localhost");
  }
  void MakeClient(const std::string& name, const std::string& alternative_names, int days = 2) {
    Make(name, absl::StrCat("subjectAltName=", alternative_names), days);
  }
  // Its own authority.
  void MakeSelfSigned(const std::string& name, const std::string& alternative_names) {
    MakeAuthority(name, absl::StrCat("-addext subjectAltName=", alternative_names));
  }
  std::string Pem(const std::string& file) const { return Slurp(directory_.File(file)); }
  std::string Path(const std::string& file) const { return directory_.File(file); }

 private:
  std::string Request(const std::string& name) const {
    return absl::StrCat("cd ", directory_.path(),
                        " && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                        "-keyout ",
                        name, ".key -subj /CN=", name);
  }
  void MakeAuthority(const std::string& name, const std::string& more = "") {
    EXPECT_TRUE(
        Shell(absl::StrCat(Request(name), " -x509 -days 2 ", more, " -out ", name, ".crt")));
  }
  void Make(const std::string& name, const std::string& extension, int days = 2) {
    std::ofstream(directory_.File("extension")) << extension << "\n";
    EXPECT_TRUE(Shell(absl::StrCat(Request(name), " -out request && openssl x509 -req -in request ",
                                   "-CA ca.crt -CAkey ca.key -CAcreateserial -days ", days,
                                   " -extfile extension -out ", name, ".crt")));
  }
  testing::TempDir directory_;
};

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_CERTIFICATES_H_
