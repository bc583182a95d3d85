#include "pkg/apiserver/query/filter.h"

#include <iterator>

#include "pkg/apiserver/query/selectors.h"

namespace gantry::apiserver {

Result<store::Query> parse_query(const api::meta::Kind& kind, const RequestInfo& info) {
  store::Query query;
  query.resource = kind.resource();
  query.ns = info.ns;
  GANTRY_TRY_ASSIGN(query.selector, parse_label_selector(info.query("labelSelector")));
  GANTRY_TRY_ASSIGN(auto fields, parse_field_selector(info.query("fieldSelector"), kind));
  for (auto& requirement : fields.requirements) {
    // One namespace by selector is as good as one by path: the index then helps.
    const bool one_namespace = requirement.on == store::Requirement::On::ns && query.ns.empty() &&
                               requirement.op == store::Requirement::Operator::in;
    if (one_namespace) query.ns = requirement.values.front();
    query.selector.requirements.push_back(std::move(requirement));
  }
  return query;
}

}  // namespace gantry::apiserver
