// What sealing, opening, hashing and wrapping cost, by suite; and what the key ring's calls cost.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/master_key.h"
#include "tests/testing/temp_dir.h"

namespace {

using anqiao::store::CipherSuite;
using anqiao::store::DataKey;
using anqiao::store::KeyRing;
using anqiao::store::MasterKey;

constexpr const char* kSuites[] = {"aes-256-gcm-sha256", "sm4-ctr-hmac-sm3", "none"};
constexpr std::size_t kKeys = 1024;

std::unique_ptr<const CipherSuite> Suite(benchmark::State& state) {
  const char* const name = kSuites[state.range(0)];
  state.SetLabel(name);
  return CipherSuite::Make(name).value();
}

std::vector<DataKey> Keys() {
  std::vector<DataKey> keys;
  for (std::size_t i = 0; i < kKeys; ++i) keys.push_back(DataKey::Random());
  return keys;
}

void Require(bool ok) {
  if (!ok) std::abort();
}

void BM_Seal(benchmark::State& state) {
  const auto suite = Suite(state);
  const std::vector<DataKey> keys = Keys();
  const std::string plaintext(static_cast<std::size_t>(state.range(1)), 'p');
  std::string out;
  std::size_t i = 0;
  for (auto _ : state) {
    out.clear();
    Require(suite->Seal(keys[++i % kKeys], "record:1", plaintext, &out).ok());
    benchmark::DoNotOptimize(out.data());
  }
}

void BM_Open(benchmark::State& state) {
  const auto suite = Suite(state);
  const std::vector<DataKey> keys = Keys();
  const std::string plaintext(static_cast<std::size_t>(state.range(1)), 'p');
  std::vector<std::string> sealed(kKeys);
  for (std::size_t i = 0; i < kKeys; ++i) {
    Require(suite->Seal(keys[i], "record:1", plaintext, &sealed[i]).ok());
  }
  std::size_t i = 0;
  for (auto _ : state) {
    ++i;
    auto opened = suite->Open(keys[i % kKeys], "record:1", sealed[i % kKeys]);
    Require(opened.ok());
    benchmark::DoNotOptimize(opened->data());
  }
}

void BM_KeyedHash(benchmark::State& state) {
  const auto suite = Suite(state);
  const DataKey key = DataKey::Random();
  const std::string data(40, 'd');
  for (auto _ : state) benchmark::DoNotOptimize(suite->KeyedHash(key, data));
}

void BM_Hash(benchmark::State& state) {
  const auto suite = Suite(state);
  const std::string data(500, 'd');
  for (auto _ : state) benchmark::DoNotOptimize(suite->Hash(data));
}

void BM_Wrap(benchmark::State& state) {
  const auto suite = Suite(state);
  const DataKey master = DataKey::Random();
  const DataKey key = DataKey::Random();
  for (auto _ : state) benchmark::DoNotOptimize(suite->Wrap(master, key));
}

void BM_Unwrap(benchmark::State& state) {
  const auto suite = Suite(state);
  const DataKey master = DataKey::Random();
  const std::string wrapped = suite->Wrap(master, DataKey::Random()).value();
  for (auto _ : state) benchmark::DoNotOptimize(suite->Unwrap(master, wrapped));
}

// A ring on disk that makes keys ahead by itself.
std::unique_ptr<KeyRing> Ring(const CipherSuite& suite, const std::string& folder) {
  return KeyRing::Open({.path = folder + "/ring",
                        .suite = &suite,
                        .master = MasterKey::FromKey(DataKey::Random(), suite),
                        .create_if_missing = true})
      .value();
}

// While the pool lasts; the first call fills it before.
void BM_RingNew(benchmark::State& state) {
  const anqiao::testing::TempDir folder;
  const auto suite = CipherSuite::Make(kSuites[0]).value();
  const auto ring = Ring(*suite, folder.path());
  Require(ring->New().ok());
  for (auto _ : state) Require(ring->New().ok());
}

// With the making of the keys in it, synced 4096 at a time.
void BM_RingNewSustained(benchmark::State& state) {
  const anqiao::testing::TempDir folder;
  const auto suite = CipherSuite::Make(kSuites[0]).value();
  const auto ring = Ring(*suite, folder.path());
  for (auto _ : state) Require(ring->New().ok());
}

// Of a key in memory, and of one that is read and unwrapped.
void BM_RingGet(benchmark::State& state) {
  const anqiao::testing::TempDir folder;
  const auto suite = CipherSuite::Make(kSuites[0]).value();
  const auto ring = Ring(*suite, folder.path());
  const std::uint64_t keys = state.range(0) == 0 ? 1024 : 400000;
  for (std::uint64_t i = 0; i < keys; ++i) Require(ring->New().ok());
  state.SetLabel(state.range(0) == 0 ? "in memory" : "from the file");
  std::uint64_t i = 0;
  for (auto _ : state) Require(ring->Get(i++ % keys + 1).ok());
}

BENCHMARK(BM_Seal)->ArgsProduct({{0, 1, 2}, {500}});
BENCHMARK(BM_Open)->ArgsProduct({{0, 1, 2}, {500}});
BENCHMARK(BM_KeyedHash)->DenseRange(0, 1);
BENCHMARK(BM_Hash)->DenseRange(0, 1);
BENCHMARK(BM_Wrap)->DenseRange(0, 2);
BENCHMARK(BM_Unwrap)->DenseRange(0, 2);

BENCHMARK(BM_RingNew)->Iterations(2000);
BENCHMARK(BM_RingNewSustained)->Iterations(400000)->UseRealTime();
BENCHMARK(BM_RingGet)->DenseRange(0, 1);

}  // namespace

BENCHMARK_MAIN();
