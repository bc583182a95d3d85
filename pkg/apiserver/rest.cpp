#include "pkg/apiserver/rest.h"

#include <algorithm>

#include "pkg/apiserver/present/presentation.h"
#include "pkg/apiserver/write/removal.h"
#include "pkg/apiserver/write/scale.h"

namespace gantry::apiserver {
Rest::Rest(store::Store& store, const api::meta::Kind& kind, const RequestInfo& info,
           const std::vector<Validator>& validators, Accepted accepted, std::string user_agent,
           Time now)
    : store_(store),
      kind_(kind),
      info_(info),
      validators_(validators),
      accepted_(accepted),
      user_agent_(std::move(user_agent)),
      now_(now) {}

store::Key Rest::key() const {
  return {kind_.resource(), info_.ns, info_.name};
}

http::Response Rest::answer(int code, const store::ObjectPtr& object,
                            const std::vector<std::string>& warnings) const {
  http::Response response;
  response.status = code;
  response.headers["Content-Type"] = accepted_.yaml ? "application/yaml" : "application/json";
  response.body = present(kind_, object->value, object->text, accepted_,
                          info_.query("includeObject", "Metadata"), now_);
  std::string header;
  for (const auto& warning : warnings) {
    std::string escaped;
    for (const char c : warning)
      escaped += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    header += (header.empty() ? "299 - \"" : ", 299 - \"") + escaped + "\"";
  }
  if (!header.empty()) response.headers["Warning"] = header;
  return response;
}

http::Response Rest::get() {
  const auto object = store_.get(key());
  if (!object.ok()) return to_api_error(object.status(), info_).to_response();
  if (info_.subresource == "scale") return answer_scale(*object);
  return answer(200, *object, {});
}

// A Scale is no object of the kind: it has no row in a table.
http::Response Rest::answer_scale(const store::ObjectPtr& object) const {
  http::Response response;
  response.headers["Content-Type"] = accepted_.yaml ? "application/yaml" : "application/json";
  Accepted plain = accepted_;
  plain.shape = Shape::object;
  response.body = present(kind_, scale_of(object->value), "", plain, "", now_);
  return response;
}

http::Response Rest::list() {
  const auto filter = Filter::parse(kind_, info_);
  if (!filter.ok()) return to_api_error(filter.status(), info_).to_response();
  auto all = store_.list(kind_.resource(), info_.ns);
  std::erase_if(all.items, [&](const auto& item) { return !filter->matches(item->value); });
  http::Response response;
  response.headers["Content-Type"] = accepted_.yaml ? "application/yaml" : "application/json";
  response.body = present_list(kind_, all.items, all.revision, accepted_,
                               info_.query("includeObject", "Metadata"), now_);
  return response;
}

http::Response Rest::answer(const Written& written) const {
  if (written.error) return written.error->to_response();
  if (info_.subresource == "scale") return answer_scale(written.object);
  return answer(written.code, written.object, written.warnings);
}

Async<http::Response> Rest::create(Json body) {
  WriteOptions options;
  if (auto wrong = read_write_options(info_, user_agent_, WriteVerb::create, options))
    co_return wrong->to_response();
  Writer writer(store_, kind_, info_, validators_, options, now_);
  co_return answer(co_await writer.create(std::move(body)));
}

Async<http::Response> Rest::update(Json body) {
  WriteOptions options;
  if (auto wrong = read_write_options(info_, user_agent_, WriteVerb::update, options))
    co_return wrong->to_response();
  Writer writer(store_, kind_, info_, validators_, options, now_);
  if (info_.subresource == "scale") co_return answer(co_await writer.scale("", std::move(body)));
  co_return answer(co_await writer.update(std::move(body)));
}

Async<http::Response> Rest::patch(std::string content_type, Json patch) {
  const auto verb =
      content_type == "application/apply-patch+yaml" ? WriteVerb::apply : WriteVerb::patch;
  WriteOptions options;
  if (auto wrong = read_write_options(info_, user_agent_, verb, options))
    co_return wrong->to_response();
  Writer writer(store_, kind_, info_, validators_, options, now_);
  if (info_.subresource == "scale")
    co_return answer(co_await writer.scale(std::move(content_type), std::move(patch)));
  co_return answer(co_await writer.patch(std::move(content_type), std::move(patch)));
}

Async<http::Response> Rest::remove(Json body) {
  DeleteOptions options;
  if (auto wrong = read_delete_options(info_, body, options)) co_return wrong->to_response();
  Remover remover(store_, kind_, info_, now_);
  const auto removed = co_await remover.remove(options);
  if (removed.error) co_return removed.error->to_response();
  const auto* finalizers = removed.object->value.find_path({"metadata", "finalizers"});
  if (finalizers != nullptr && finalizers->size() > 0) co_return answer(removed);
  co_return json_response(200, success_status(info_, removed.object->uid.get()));
}

Async<http::Response> Rest::remove_collection(Json body) {
  DeleteOptions options;
  if (auto wrong = read_delete_options(info_, body, options)) co_return wrong->to_response();
  const auto filter = Filter::parse(kind_, info_);
  if (!filter.ok()) co_return to_api_error(filter.status(), info_).to_response();
  auto all = store_.list(kind_.resource(), info_.ns);
  std::erase_if(all.items, [&](const auto& item) { return !filter->matches(item->value); });
  Remover remover(store_, kind_, info_, now_);
  const auto failed = co_await remover.remove_all(all.items, options);
  if (failed) co_return failed->to_response();
  http::Response response;
  response.headers["Content-Type"] = "application/json";
  response.body = present_list(kind_, all.items, all.revision, Accepted(), "", now_);
  co_return response;
}

}  // namespace gantry::apiserver
