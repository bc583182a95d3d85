#pragma once
// EndpointFake: an http::Client for tests that answers from a function and notes what it got.
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "pkg/http/http.h"

namespace gantry::pve {

class EndpointFake final : public http::Client {
 public:
  using Answer = std::function<Result<http::Response>(const http::Request&)>;
  explicit EndpointFake(Answer answer) : answer_(std::move(answer)) {}

  Async<Result<http::Response>> send(http::Request request, Duration timeout) override {
    requests.push_back(request);
    timeouts.push_back(timeout);
    co_return answer_(request);
  }
  void answer_with(Answer answer) { answer_ = std::move(answer); }

  std::vector<http::Request> requests;
  std::vector<Duration> timeouts;  // of each request

 private:
  Answer answer_;
};

inline http::Response response(int status, std::string reason, std::string body) {
  http::Response result;
  result.status = status;
  result.reason = std::move(reason);
  result.body = std::move(body);
  return result;
}
inline http::Response ok(std::string body) {
  return response(200, "OK", std::move(body));
}

}  // namespace gantry::pve
