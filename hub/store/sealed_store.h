// A store that seals what it keeps: entries, blobs and projections under keys that can be
// destroyed, with a Merkle log over the entries.
//
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<Store> base, OpenRocksStore({.directory = dir}));
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<KeyRing> ring, KeyRing::Open({...}));
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
//                       OpenSealedStore(std::move(base), std::move(suite), std::move(ring), {}));
//
// Append takes headers. An entry whose key was destroyed is read as one that has only what its
// header told, and "erased". Contracts and threads are otherwise those of store.h;
// hub/doc/storage_format.md has the bytes.

#ifndef ANQIAO_HUB_STORE_SEALED_STORE_H_
#define ANQIAO_HUB_STORE_SEALED_STORE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/store.h"

namespace anqiao::store {

struct SealOptions {
  // Keys on personal values are keyed hashes; off only to measure what that costs.
  bool hide_keys = true;
  // Keeps the Merkle logs; off only to measure what they cost.
  bool keep_logs = true;
  // As the store beneath.
  bool read_only = false;
};

// FAILED_PRECONDITION (CONFIGURATION_INVALID): the store was made with other options or another
// ring. DATA_LOSS (STORAGE_LOST): the logs do not fit the journal. INVALID_ARGUMENT from Append: a
// group without headers.
absl::StatusOr<std::unique_ptr<Store>> OpenSealedStore(std::unique_ptr<Store> base,
                                                       std::unique_ptr<const CipherSuite> suite,
                                                       std::unique_ptr<KeyRing> ring,
                                                       const SealOptions& options);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_SEALED_STORE_H_
