#pragma once
// A World with plain requests, for tests of calls that pve::Client does not make.
#include "pkg/base/text.h"
#include "pkg/lab/testing.h"
#include "pkg/schema/json.h"

namespace gantry::lab::testing {

struct Answer {
  int status = 0;
  Json body, data;
  // "500 text", "400 name: text; name: text", "200"
  std::string text;
};

class HttpWorld : public World {
 public:
  using World::World;

  // As root@pam!lab unless told otherwise.
  Answer call(const std::string& method, const std::string& path,
              const pve::Parameters& parameters = {}, std::optional<Token> token = {}) {
    if (!token.has_value()) token = lab.root_token();
    std::vector<std::string> fields;
    for (const auto& [name, value] : parameters) {
      fields.push_back(url_encode(name) + "=" + url_encode(value));
    }
    http::Request request;
    request.method = method;
    request.target = "/api2/json" + path;
    request.headers["Authorization"] = "PVEAPIToken=" + token->id + "=" + token->secret;
    if (method == "GET" || method == "DELETE") {
      if (!fields.empty()) request.target += "?" + join(fields, "&");
    } else {
      request.body = join(fields, "&");
      request.headers["Content-Type"] = "application/x-www-form-urlencoded";
    }
    NoStream stream;
    const auto response = run(lab.handler().handle(std::move(request), http::Peer(), stream));
    GANTRY_CHECK(response.has_value());
    return to_answer(*response);
  }
  // The exit status of the task that the call queued, or the refusal.
  std::string exit_of(const std::string& method, const std::string& path,
                      const pve::Parameters& parameters = {}, std::optional<Token> token = {}) {
    const auto answer = call(method, path, parameters, std::move(token));
    if (answer.status != 200 || !answer.data.is_string()) return answer.text;
    last_task = Upid(answer.data.as_string());
    const auto root = lab.client(lab.root_token().id);
    return wait(*root, last_task).exit_status;
  }
  std::vector<std::string> last_log() {
    const auto root = lab.client(lab.root_token().id);
    return *run(root->task_log(last_task, 1000));
  }

  Upid last_task;

 private:
  class NoStream final : public http::ResponseStream {
   public:
    Async<Status> start(http::Response) override { co_return Status(); }
    Async<Status> write(std::string) override { co_return Status(); }
  };

  static Answer to_answer(const http::Response& response) {
    Answer answer;
    answer.status = response.status;
    answer.text = std::to_string(response.status);
    if (const auto json = schema::parse_json(response.body); json.ok()) answer.body = *json;
    if (const auto* data = answer.body.find("data"); data != nullptr) answer.data = *data;
    if (response.status == 200) return answer;
    std::vector<std::string> problems;
    if (const auto* errors = answer.body.find("errors"); errors != nullptr) {
      for (const auto& [name, text] : errors->as_object()) {
        problems.push_back(name + ": " + std::string(trim(text.as_string())));
      }
    }
    answer.text += " " + (problems.empty() ? response.reason : join(problems, "; "));
    return answer;
  }
};

}  // namespace gantry::lab::testing
