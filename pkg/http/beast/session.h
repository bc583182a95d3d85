#pragma once
// Session: the server's side of one connection, request after request.
#include <memory>

#include "pkg/async/group.h"
#include "pkg/http/beast/inbox.h"
#include "pkg/http/beast/message_reader.h"
#include "pkg/http/beast/server.h"
#include "pkg/http/beast/watchdog.h"
#include "pkg/http/beast/wire.h"

namespace gantry::http::beast {

class Exchange;

class Session {
 public:
  Session(Executor executor, async::Clock& clock, const ServerLimits& limits,
          std::unique_ptr<Connection> connection, Handler& handler);

  // Until the peer leaves, breaks the rules or is too slow, or stop(). Never an error.
  Async<Status> run();
  // No further request; a stream ends now. What is under way goes on.
  void stop();

 private:
  friend class Exchange;
  Async<Status> converse();
  // Each says whether the connection is good for another request.
  Async<bool> serve_one();
  Async<bool> answer_request(RequestReader& reader);
  Async<bool> refuse(Fault fault);
  Async<Result<std::string>> read_upgraded();

  // OK when a whole request has been read. kCancelled: there is none, close silently.
  Async<Status> read_request(RequestReader& reader, std::optional<Fault>& fault);
  Async<Status> read_more(RequestReader& reader);
  Async<Status> write(std::string bytes);
  Async<void> say_goodbye();
  void on_expiry();
  void on_peer_gone();

  Executor executor_;
  ServerLimits limits_;
  std::unique_ptr<Connection> connection_;
  Handler& handler_;
  Watchdog watchdog_;
  Inbox inbox_;
  async::Group reader_group_;
  Exchange* exchange_ = nullptr;  // the request under way, if any
  bool head_timed_ = false;
  bool writing_ = false;
  bool broken_ = false;  // a write was cut short: nothing more can be said
  bool stopping_ = false;
};

}  // namespace gantry::http::beast
