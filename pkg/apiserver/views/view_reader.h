#pragma once
// ViewReader: reads views as if they were stored.
#include "pkg/apiserver/views/view.h"
#include "pkg/store/reader.h"

namespace gantry::apiserver {

// Everything that is no view is `stored`'s, at its cost. `stored` must outlive it.
class ViewReader final : public store::Reader {
 public:
  explicit ViewReader(store::Reader& stored) : stored_(stored) {}

  store::RecordPtr find(const store::Key& key) const override;
  int64_t revision() const override { return stored_.revision(); }
  int64_t changed_at(const store::Resource& resource) const override;
  store::Page list(const store::Query& query, const store::PageOf& part) const override;
  Async<Result<store::Page>> list_at(store::Query query, store::PageOf part,
                                     int64_t revision) override;
  Async<Result<std::unique_ptr<store::RecordWatch>>> watch(store::Resource resource, std::string ns,
                                                           int64_t revision) override;

 private:
  store::Reader& stored_;
};

}  // namespace gantry::apiserver
