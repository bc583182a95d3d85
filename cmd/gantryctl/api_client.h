#pragma once
// ApiClient: Kubernetes API calls over an http::Client.
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "pkg/async/async.h"
#include "pkg/base/json.h"
#include "pkg/base/random.h"
#include "pkg/http/http.h"

namespace gantry::ctl {

// Where an object is: all but the kind may be empty.
struct Where {
  const api::meta::Kind* kind = nullptr;
  std::string ns;
  std::string name;
};
// "/apis/gantry.dev/v1alpha1/namespaces/default/apps/hello"
std::string path_of(const Where& where);

// Errors keep what the server said: its Status message, with the class of its reason. What never
// reached the server is Transport or TLS, and so is what it cannot serve now (503).
class ApiClient {
 public:
  ApiClient(http::StreamingClient& client, std::string token);

  // Hears each warning of the server once: that what it shows is old, say.
  void on_warning(std::function<void(const std::string&)> hear) { hear_ = std::move(hear); }
  Async<Result<Json>> get(std::string path, std::string accept);
  Async<Result<Json>> send(std::string method, std::string path, std::string content_type,
                           Json body);
  // A body that is no JSON, as it comes: a log. An error of `on_chunk` ends it and is the answer.
  Async<Status> stream(std::string path, http::StreamingClient::OnChunk on_chunk);
  // A WebSocket that speaks one of these subprotocols.
  Async<Result<std::unique_ptr<http::ByteStream>>> connect(std::string path,
                                                           std::vector<std::string> protocols,
                                                           Random& random);

 private:
  http::Request request_for(std::string path) const;
  Async<Result<Json>> exchange(http::Request request);
  void tell_warnings(const http::Response& response);
  http::StreamingClient& client_;
  std::string token_;
  std::function<void(const std::string&)> hear_;
  std::set<std::string> told_;
};

inline constexpr const char* kJson = "application/json";
// Objects as people want to see them: without the account of who set which field.
inline constexpr const char* kJsonToShow = "application/json;drop=metadata.managedFields";
inline constexpr const char* kTable =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

// Of the failure catalogue: nothing answers at the server's address.
inline constexpr const char* kCannotReach = "CON-018";
// The same error, with that code when its class is Transport.
Status never_arrived(Status status);
// What people are told of an error: with that code, where was asked and what to look at as well.
std::string error_text(const Status& status, const std::string& url);

// True when an error means that the question could not be put at all (exit code 2).
bool could_not_ask(const Status& status);

}  // namespace gantry::ctl
