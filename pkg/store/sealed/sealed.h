#pragma once
// SealedBackend: another Backend that never sees some collections' objects in the clear.
#include <set>

#include "pkg/crypto/seal.h"
#include "pkg/store/backend.h"

namespace gantry::store {

// Seals put and erase texts of these collections; reads sealed and (until they are sealed) plain
// ones. Costs a few microseconds an object on the caller's thread. Holds references.
class SealedBackend final : public Backend {
 public:
  // `random` must be fit for keys outside tests, and usable from any thread.
  SealedBackend(Backend& inner, crypto::Sealer sealer, Random& random,
                std::set<Resource> resources = {"secrets"})
      : inner_(inner),
        sealer_(std::move(sealer)),
        random_(random),
        resources_(std::move(resources)) {}

  Async<Result<std::vector<Result<int64_t>>>> commit(std::vector<Write> writes) override;
  // Invalid, naming the object, when its key is missing; Permission when it was tampered with.
  Async<Result<Loaded>> load() override;
  Async<Result<std::vector<FeedEntry>>> changes_since(int64_t revision, int limit) override;
  Async<Result<FeedPart>> changes_of(Resource resource, int64_t revision, int limit) override;
  Async<Status> wait_for_change(Duration timeout) override;
  Async<Result<int64_t>> rewrite(Resource resource, Rewrite rewrite) override;

  // Seals, in place, what is plain or sealed with an older key. How many rows were.
  Async<Result<int64_t>> seal_all();

 private:
  bool seals(const Key& key) const { return resources_.contains(key.resource); }
  Status open(FeedEntry& entry) const;
  Backend& inner_;
  crypto::Sealer sealer_;
  Random& random_;
  std::set<Resource> resources_;
};

// Whether anything of a collection is sealed, objects or changes that are still kept, so that a new
// key must not be made. Reads them all; errors as Backend::rewrite().
Async<Result<bool>> holds_sealed(Backend& backend, Resource resource = "secrets");

}  // namespace gantry::store
