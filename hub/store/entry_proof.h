// What shows that an entry is in a log.

#ifndef ANQIAO_HUB_STORE_ENTRY_PROOF_H_
#define ANQIAO_HUB_STORE_ENTRY_PROOF_H_

#include <string>

#include "anqiao/exchange/v1/audit.pb.h"

namespace anqiao::store {

struct EntryProof {
  // Signed when asked for.
  exchange::v1::SignedTreeHead head;
  exchange::v1::InclusionProof inclusion;
  // Salt of the leaf's commitment; empty if the entry has no record, or was erased.
  std::string salt;
  // The serialized journal.v1.Entry.
  std::string entry;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_ENTRY_PROOF_H_
