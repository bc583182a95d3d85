#pragma once
// Which objects of a collection a request is about.
#include "api/meta/kind.h"
#include "pkg/apiserver/request/request_info.h"
#include "pkg/store/reader.h"

namespace gantry::apiserver {

// The collection, namespace and selectors of a list, watch or deletecollection. kInvalid for a
// selector that cannot be read or names a field that the kind does not offer.
Result<store::Query> parse_query(const api::meta::Kind& kind, const RequestInfo& info);

}  // namespace gantry::apiserver
