#pragma once
// Rest: the verbs that change something, and the scale subresource. Reads: pkg/apiserver/read.
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "pkg/apiserver/present/accept.h"
#include "pkg/apiserver/query/filter.h"
#include "pkg/apiserver/request/status.h"
#include "pkg/apiserver/write/writer.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// One request on one resource. Lives in the coroutine that answers it.
class Rest {
 public:
  Rest(store::Store& store, const api::meta::Kind& kind, const RequestInfo& info,
       const std::vector<Validator>& validators, Guard guard, Accepted accepted,
       std::string user_agent, Time now);

  http::Response get_scale();
  Async<http::Response> create(Json body);
  Async<http::Response> update(Json body);
  Async<http::Response> patch(std::string content_type, Json patch);
  Async<http::Response> remove(Json body);
  Async<http::Response> remove_collection(Json body);

 private:
  store::Key key() const;
  http::Response answer(int code, const store::ObjectPtr& object,
                        const std::vector<std::string>& warnings) const;
  http::Response answer(const Written& written) const;
  http::Response answer_list(const store::Page& page) const;
  http::Response answer_scale(const store::ObjectPtr& object) const;

  store::Store& store_;
  const api::meta::Kind& kind_;
  const RequestInfo& info_;
  const std::vector<Validator>& validators_;
  Guard guard_;
  Accepted accepted_;
  std::string user_agent_;
  Time now_;
};

}  // namespace gantry::apiserver
