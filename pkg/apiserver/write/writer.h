#pragma once
// Writer: create, update, patch and apply on one resource.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/apiserver/write/admission.h"
#include "pkg/apiserver/write/options.h"
#include "pkg/apiserver/write/ownership.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// Of an object as it is stored; a body may have as much.
inline constexpr size_t kObjectBytesMax = 3 << 20;

// What a write came to: an error, or the object as it is now.
struct Written {
  std::optional<ApiError> error;
  int code = 200;
  store::ObjectPtr object;
  std::vector<std::string> warnings;  // for Warning headers

  Written() = default;
  explicit Written(ApiError why) : error(std::move(why)) {}
};

// The object as of `version` or later. NotFound only when nobody has stored it, whichever process
// was told to: the cache may be behind, and is brought up to date before that is said.
Async<Result<store::ObjectPtr>> current_object(store::Store& store, store::Key key,
                                               int64_t version = 0);

// One write request. Holds references; lives in the coroutine that answers it. A dry run goes the
// whole way but for the commit: the object it answers has the name and uid that a real one would
// get only in form.
class Writer {
 public:
  Writer(store::Store& store, const api::meta::Kind& kind, const RequestInfo& info,
         const std::vector<Validator>& validators, Guard guard, WriteOptions options, Time now);

  Async<Written> create(Json body);
  // Without metadata.resourceVersion whatever is there is replaced. As all below: what is stored
  // was judged against the very version that it replaces, and is judged again when somebody else
  // was faster, unless it names that version itself.
  Async<Written> update(Json body);
  // JSON, merge, strategic merge and apply patches, by media type; Unsupported names those.
  Async<Written> patch(std::string content_type, Json patch);

  // spec.replicas by an autoscaling/v1 Scale: whole (`content_type` empty) or a patch of it.
  Async<Written> scale(std::string content_type, Json body);

  // An error of the store or of a check as the client of this request is told.
  ApiError explain(const Status& status) const;

 private:
  store::Key key() const;
  store::Part part() const;
  schema::ManagedEntry manager(schema::ManagerOperation operation) const;
  ApiError explain_patch(const Status& status, const std::string& content_type) const;
  // Takes what only one object may have; the error names who has it.
  Async<std::optional<ApiError>> claim(Json object);
  Async<std::optional<ApiError>> check_namespace();
  std::optional<ApiError> admit(Admission& admission, Json& object) const;
  // What `body` asks for, of the part that this path may change.
  Json only_this_part(const Json& current, Json body) const;
  void keep_this_part(Json& config) const;
  Async<Written> store_new(Json object, std::vector<std::string> warnings);
  // Makes the next object of the current one, which it is given.
  using Change = std::function<std::optional<ApiError>(Json& object)>;
  Async<Written> change(const Json& body, const Change& change);
  Async<Written> replace(Json object, store::ObjectPtr current, bool& conflicted);
  Async<Written> store_next(Json object, store::ObjectPtr current, bool& conflicted,
                            std::vector<std::string> warnings);
  Async<Written> apply(Json config);
  Async<Written> apply_once(Json config, bool& conflicted);

  store::Store& store_;
  const api::meta::Kind& kind_;
  const RequestInfo& info_;
  const std::vector<Validator>& validators_;
  Guard guard_;
  WriteOptions options_;
  Time now_;
};

}  // namespace gantry::apiserver
