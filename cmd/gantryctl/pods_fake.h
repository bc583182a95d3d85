#pragma once
// Pods: an API server whose pods/log and pods/exec follow a script. For tests only.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cmd/gantryctl/testing.h"
#include "pkg/http/websocket/socket.h"

namespace gantry::ctl {

// What the server of a scripted exec says, and what it was told.
class Frames final : public http::ByteStream {
 public:
  Frames(std::string said, std::string& heard) : said_(std::move(said)), heard_(heard) {}
  Async<Status> write(std::string bytes) override {
    heard_ += bytes;
    co_return Status();
  }
  Async<Result<std::string>> read() override { co_return std::exchange(said_, ""); }

 private:
  std::string said_;
  std::string& heard_;
};

// The real API server behind it, but for pods/exec and pods/log, which want containers.
class Pods final : public http::StreamingClient {
 public:
  explicit Pods(http::StreamingClient& inner) : inner_(inner) {}
  Async<Result<http::Response>> send(http::Request request, Duration timeout) override {
    co_return co_await inner_.send(std::move(request), timeout);
  }
  Async<Result<http::Response>> stream(http::Request request, OnHead on_head,
                                       OnChunk on_chunk) override {
    asked.push_back(request.target);
    http::Response head;
    head.status = status;
    GANTRY_CO_TRY(on_head(head));
    const auto text = logs[request.target.substr(0, request.target.find('?'))];
    for (const char byte : text) GANTRY_CO_TRY(on_chunk(std::string_view(&byte, 1)));
    co_return head;
  }
  Async<Result<http::Upgraded>> upgrade(http::Request request) override {
    asked.push_back(request.target);
    http::Upgraded upgraded;
    upgraded.head.status = status;
    if (status == 101) {
      upgraded.head.headers["Sec-WebSocket-Accept"] =
          http::websocket::accept_key(request.headers["Sec-WebSocket-Key"]);
      upgraded.head.headers["Sec-WebSocket-Protocol"] = request.headers["Sec-WebSocket-Protocol"];
      upgraded.stream = std::make_unique<Frames>(said, heard);
    } else {
      upgraded.head.body = said;
    }
    co_return std::move(upgraded);
  }

  int status = 200;
  std::map<std::string, std::string> logs;
  std::string said, heard;
  std::vector<std::string> asked;

 private:
  http::StreamingClient& inner_;
};

inline std::string frame(char channel, const std::string& text) {
  return http::websocket::render_frame(http::websocket::Opcode::binary, channel + text);
}

class PodCommands : public Commands {
 protected:
  PodCommands() {
    session_ = std::make_unique<Session>(Session{
        pods_api_,
        clock_,
        "default",
        false,
        make_watch(pods_, token_),
        [this](const std::string& text) { printed_.push_back(text); },
        [this](const std::string& text) { noted_.push_back(text); },
        {},
        [this](bool is_stderr, std::string_view bytes) { (is_stderr ? err_ : out_) += bytes; }});
  }

  Pods pods_{*client_};
  ApiClient pods_api_{pods_, token_};
};

}  // namespace gantry::ctl
