#include "pkg/apiserver/rest.h"

#include "pkg/apiserver/present/renderer.h"
#include "pkg/apiserver/warning.h"
#include "pkg/apiserver/write/removal.h"
#include "pkg/apiserver/write/scale.h"

namespace gantry::apiserver {

Rest::Rest(store::Store& store, const api::meta::Kind& kind, const RequestInfo& info,
           const std::vector<Validator>& validators, Guard guard, Accepted accepted,
           std::string user_agent, Time now)
    : store_(store),
      kind_(kind),
      info_(info),
      validators_(validators),
      guard_(std::move(guard)),
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
  const Renderer renderer(kind_, accepted_, info_.query("includeObject"), now_);
  response.headers["Content-Type"] = renderer.content_type();
  // A dry run's object is in no record.
  const auto record =
      object->record ? object->record : store::make_preview(object->key, object->value);
  response.body = renderer.object(*record);
  for (const auto& warning : warnings) add_warning(response, warning);
  return response;
}

http::Response Rest::get_scale() {
  const auto object = store_.get(key());
  if (!object.ok()) return to_api_error(object.status(), info_).to_response();
  return answer_scale(*object);
}

// A Scale is no object of the kind: it has no row in a table.
http::Response Rest::answer_scale(const store::ObjectPtr& object) const {
  http::Response response;
  response.headers["Content-Type"] = accepted_.yaml ? "application/yaml" : "application/json";
  response.body = serialise(scale_of(object->value), accepted_);
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
  Writer writer(store_, kind_, info_, validators_, guard_, options, now_);
  co_return answer(co_await writer.create(std::move(body)));
}

Async<http::Response> Rest::update(Json body) {
  WriteOptions options;
  if (auto wrong = read_write_options(info_, user_agent_, WriteVerb::update, options))
    co_return wrong->to_response();
  Writer writer(store_, kind_, info_, validators_, guard_, options, now_);
  if (info_.subresource == "scale") co_return answer(co_await writer.scale("", std::move(body)));
  co_return answer(co_await writer.update(std::move(body)));
}

Async<http::Response> Rest::patch(std::string content_type, Json patch) {
  const auto verb =
      content_type == "application/apply-patch+yaml" ? WriteVerb::apply : WriteVerb::patch;
  WriteOptions options;
  if (auto wrong = read_write_options(info_, user_agent_, verb, options))
    co_return wrong->to_response();
  Writer writer(store_, kind_, info_, validators_, guard_, options, now_);
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
  const auto query = parse_query(kind_, info_);
  if (!query.ok()) co_return bad_request(message_of(query.status())).to_response();
  const auto chosen = store_.reader().list(*query, store::PageOf());
  std::vector<store::ObjectPtr> objects;
  for (const auto& record : chosen.items) objects.push_back(store::decode(record));
  Remover remover(store_, kind_, info_, now_);
  const auto failed = co_await remover.remove_all(objects, options);
  if (failed) co_return failed->to_response();
  co_return answer_list(chosen);
}

http::Response Rest::answer_list(const store::Page& page) const {
  const Renderer renderer(kind_, Accepted(), "", now_);
  ListMeta meta;
  meta.revision = page.revision;
  const auto frame = renderer.frame(meta);
  http::Response response;
  response.headers["Content-Type"] = renderer.content_type();
  response.body = frame.begin;
  for (const auto& record : page.items)
    renderer.append_item(*record, &record == page.items.data(), response.body);
  response.body += frame.end;
  return response;
}

}  // namespace gantry::apiserver
