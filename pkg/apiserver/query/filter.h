#pragma once
// Filter: which objects of a collection a request is about.
#include "api/meta/kind.h"
#include "pkg/apiserver/query/selectors.h"
#include "pkg/apiserver/request/request_info.h"

namespace gantry::apiserver {

// The objects of a list or watch request that its selectors choose.
class Filter {
 public:
  // BadRequest for a selector that cannot be read or names a field that the kind does not offer.
  static Result<Filter> parse(const api::meta::Kind& kind, const RequestInfo& info);
  bool matches(const Json& object) const;

 private:
  LabelSelector labels_;
  FieldSelector fields_;
};

// The fields that selectors may name.
std::vector<std::string> selectable_fields(const api::meta::Kind& kind);

}  // namespace gantry::apiserver
