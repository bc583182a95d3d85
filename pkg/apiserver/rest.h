#pragma once
// Rest: the verbs on one resource, but for watch.
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "pkg/apiserver/admission.h"
#include "pkg/apiserver/present/accept.h"
#include "pkg/apiserver/query/filter.h"
#include "pkg/apiserver/request/status.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// One request on one resource. Lives in the coroutine that answers it.
class Rest {
 public:
  Rest(store::Store& store, const api::meta::Kind& kind, const RequestInfo& info,
       const std::vector<Validator>& validators, Accepted accepted, Time now);

  http::Response get();
  http::Response list();
  Async<http::Response> create(Json body);
  Async<http::Response> update(Json body);
  Async<http::Response> patch(std::string content_type, Json patch);
  Async<http::Response> remove(Json options);
  Async<http::Response> remove_collection(Json options);

 private:
  store::Key key() const;
  store::Part part() const;
  bool dry_run() const;
  std::optional<ApiError> check_namespace() const;
  http::Response answer(int code, const store::ObjectPtr& object,
                        const std::vector<std::string>& warnings) const;
  http::Response answer(int code, const Json& object,
                        const std::vector<std::string>& warnings) const;
  http::Response fail(const Status& status) const;
  Async<http::Response> replace(Json object, store::ObjectPtr current, bool& conflicted);

  store::Store& store_;
  const api::meta::Kind& kind_;
  const RequestInfo& info_;
  const std::vector<Validator>& validators_;
  Accepted accepted_;
  Time now_;
};

}  // namespace gantry::apiserver
