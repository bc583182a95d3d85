#pragma once
// HTTP as the rest of the project sees it: plain requests and responses, a client, a server.
// Drivers: pkg/http/beast (real sockets and TLS) and pkg/http/memory (in-process, for tests).
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/async/async.h"
#include "pkg/base/status.h"
#include "pkg/base/time.h"

namespace gantry::http {

// Header names compare without case; a name may be given once only (the last wins), except that
// the server joins repeated request headers with ", ".
struct CaseInsensitive {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
using Headers = std::map<std::string, std::string, CaseInsensitive>;

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query, percent-encoded, as on the wire
  Headers headers;
  std::string body;
};

// A status that nobody sends: the server closes the connection without an answer. For stand-ins
// that lose answers on purpose.
inline constexpr int kNoAnswer = 0;

struct Response {
  int status = 200;
  std::string reason;  // the reason phrase: older Proxmox says everything there
  Headers headers;
  std::string body;
};

// The path of a target, decoded per segment; the query as decoded pairs in order.
struct Target {
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;
  // The first value of that name, or nullopt.
  std::optional<std::string> find(std::string_view name) const;
};
// kInvalid on a broken escape, a target that is no absolute path, and path segments that are empty,
// "." or "..". One "/" at the end does not count; "%2F" stays inside its segment.
Result<Target> parse_target(std::string_view target);
// "a=1&b=x%3By" from pairs, percent-encoded.
std::string encode_form(const std::vector<std::pair<std::string, std::string>>& fields);

// How the server's certificate is verified. There is no "not at all".
struct TlsTrust {
  std::string ca_pem;                  // trust these authorities; empty: the system's
  std::string fingerprint;             // or exactly this leaf: "AA:BB:…" sha256; wins over ca_pem
  std::string client_certificate_pem;  // optional mutual TLS
  std::string client_key_pem;
};

struct Endpoint {
  std::string host;
  uint16_t port = 443;
  bool tls = true;  // plain only for loopback tests and the metrics port
};
// "https://host:8006" or "http://[::1]:80"; kInvalid otherwise. The path must be empty or "/".
Result<Endpoint> parse_endpoint(std::string_view url);
// The same text back, always with the port.
std::string to_string(const Endpoint& endpoint);

// Speaks to one endpoint over a pool of kept-alive connections.
class Client {
 public:
  virtual ~Client() = default;
  // One exchange. Errors: Transport (refused, reset, DNS), TLS (with which check failed), Timeout,
  // Cancelled. A Transport error of a request that may have reached the server says so in
  // may_have_been_sent(status). Any HTTP status is an OK result.
  virtual Async<Result<Response>> send(Request request, Duration timeout) = 0;
};
// True when the request may have taken effect although no answer came.
bool may_have_been_sent(const Status& status);
Status mark_sent(Status status);
// GET, HEAD, OPTIONS: sending it twice changes nothing, so its errors are never marked.
bool is_read_only(std::string_view method);

// A connection that is no longer HTTP: bytes both ways.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Waits until the socket took them. kCancelled/Transport once the peer is gone.
  virtual Async<Status> write(std::string bytes) = 0;
  // What the peer has sent, at least a byte; empty once it has ended.
  virtual Async<Result<std::string>> read() = 0;
};

// The answer to a request that wants another protocol.
struct Upgraded {
  Response head;
  std::unique_ptr<ByteStream> stream;  // null unless the status is 101; then head has the body
};

// A Client that also hands a body over while it arrives: for watches and logs.
class StreamingClient : public Client {
 public:
  using OnHead = std::function<Status(const Response& head)>;
  using OnChunk = std::function<Status(std::string_view chunk)>;

  // Calls on_head once and then on_chunk for every piece in order, never after it has returned.
  // A non-OK Status from either ends the stream and is the answer. OK with the head (body empty)
  // once the server has ended the body; errors as send(). There is no time limit: a caller that
  // wants one uses async::with_deadline. Takes no place among the pooled connections.
  virtual Async<Result<Response>> stream(Request request, OnHead on_head, OnChunk on_chunk) = 0;

  // Asks, with a header Upgrade, to go on in another protocol, on a connection of its own; errors
  // as send(), and Unsupported where the driver cannot. The stream may outlive the client. There is
  // no time limit.
  virtual Async<Result<Upgraded>> upgrade(Request request);
};

// A response whose body is produced piece by piece (watches, logs).
class ResponseStream : public ByteStream {
 public:
  // Sends the head; once only, before any write.
  virtual Async<Status> start(Response head) = 0;
  // In place of start(): answers 101 with these headers, after which the connection is no longer
  // HTTP: write() sends bytes as they are and read() receives them. Unsupported where the
  // connection cannot be taken over.
  virtual Async<Status> upgrade(Headers headers);
  // After upgrade() only.
  Async<Result<std::string>> read() override;
};

// What the peer is known to be.
struct Peer {
  std::string address;                  // "127.0.0.1"
  std::string certificate_common_name;  // verified client certificate; empty without one
  std::vector<std::string> certificate_organizations;
  std::string certificate_fingerprint = {};      // sha256, "AA:BB:…"
  std::optional<Time> certificate_expires = {};  // a connection may outlive its certificate
};

// Answers requests. Called concurrently, once a request. Either returns a Response, or streams:
// calls stream.start() and writes, and then returns nullopt to end the stream.
// A handler that streams is cancelled as soon as its peer is gone or the server stops; one that has
// not begun to stream runs to its end (within the server's drain time), so that a write is not cut
// short by an impatient client.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Async<std::optional<Response>> handle(Request request, Peer peer,
                                                ResponseStream& stream) = 0;
  // What a peer is answered whose request never becomes one: no HTTP, too large, too slow. Plain
  // text unless overridden. Must not throw.
  virtual Response refuse(int status, std::string message, const Peer& peer);
};

// The status text for a code: "Not Found".
std::string_view reason_phrase(int status);

}  // namespace gantry::http
