#include "pkg/apiserver/pods/exec.h"

#include "pkg/apiserver/pods/log.h"
#include "pkg/apiserver/pods/remote_command.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/random.h"
#include "pkg/base/testing.h"
#include "pkg/http/websocket/frames.h"
#include "pkg/schema/json.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

// A container that says what it was asked.
class TalkingChannel final : public guest::Channel {
 public:
  Async<Result<guest::Exit>> exec(guest::Target target, guest::Command command,
                                  guest::OutputSink sink) override {
    asked = command;
    where = target;
    sink(false, out);
    sink(true, err);
    if (command.terminal) {
      command.terminal->listen([this] { typed.wake_all(); });
      const Status heard = co_await typed.park();
      if (heard.ok()) said = command.terminal->take();
      command.terminal->listen({});
    }
    if (stays) {
      const Status waited = co_await forever.park();
      left = !waited.ok();
    }
    guest::Exit exit;
    exit.code = code;
    exit.err = err;
    co_return exit;
  }
  Async<Status> push(guest::Target, guest::File) override { co_return Status(); }
  Async<Status> unlock(guest::Target, Upid) override { co_return Status(); }

  guest::Command asked;
  guest::Target where;
  std::string out = "out";
  std::string err = "err";
  int code = 0;
  bool stays = false;
  bool left = false;
  async::Waiters forever;
  guest::Terminal::News said;  // at the terminal
  async::Waiters typed;
};

// The client's end of a connection: what it sends, and then perhaps leaves.
class ScriptedStream final : public http::ResponseStream {
 public:
  Async<Status> start(http::Response head) override {
    started = std::move(head);
    co_return Status();
  }
  Async<Status> write(std::string chunk) override {
    written += chunk;
    co_return Status();
  }
  Async<Status> upgrade(http::Headers headers) override {
    upgraded = std::move(headers);
    co_return Status();
  }
  Async<Result<std::string>> read() override {
    if (!to_read.empty()) co_return std::exchange(to_read, "");
    if (leaves) co_return std::string();
    const Status waited = co_await open.park();
    if (!waited.ok()) co_return waited;
    co_return std::string();
  }

  std::optional<http::Response> started;
  http::Headers upgraded;
  std::string written;
  std::string to_read;
  bool leaves = false;
  async::Waiters open;
};

std::string masked(const std::string& payload) {
  return std::string("\x82") + static_cast<char>(0x80 | payload.size()) + std::string(4, '\0') +
         payload;
}

// The payloads of the server's frames, each below 126 bytes.
std::vector<std::string> messages(const std::string& bytes) {
  std::vector<std::string> found;
  for (size_t at = 0; at + 2 <= bytes.size();) {
    const auto size = static_cast<unsigned char>(bytes[at + 1]);
    found.push_back(bytes.substr(at + 2, size));
    at += 2 + size;
  }
  return found;
}

constexpr const char* kMachine = R"({
  "apiVersion": "gantry.dev/v1alpha1", "kind": "Machine",
  "metadata": {"name": "web-0", "namespace": "default"},
  "spec": {"machineClassName": "small"}, "status": {"vmid": 20000, "power": "running"}})";

class PodsTest : public ::testing::Test {
 protected:
  PodsTest()
      : disk_(clock_),
        database_(disk_),
        store_(loop_.executor(), database_.backend(), clock_, random_),
        service_{store_, [this](const Json&) { return door(); }} {
    EXPECT_TRUE(run(store_.start()).ok());
    EXPECT_TRUE(run(store_.create("machines.gantry.dev", *schema::parse_json(kMachine))).ok());
  }
  ~PodsTest() override { (void)run(store_.stop()); }
  template <class T>
  T run(Async<T> operation) {
    return loop_.block_on(clock_, std::move(operation));
  }
  Result<GuestDoor> door() {
    GuestDoor made;
    made.channel = &channel_;
    made.target = guest::Target{NodeName("pve1"), VmId(20000)};
    return made;
  }
  static http::Request handshake(const std::string& query, const std::string& protocol) {
    http::Request request;
    request.target = "/api/v1/namespaces/default/pods/" + query;
    request.headers["Upgrade"] = "websocket";
    request.headers["Sec-WebSocket-Version"] = "13";
    request.headers["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ==";
    request.headers["Sec-WebSocket-Protocol"] = protocol;
    return request;
  }
  std::optional<http::Response> exec(const http::Request& request) {
    const auto info = *parse_request(request);
    return run(serve_exec(service_, request, info, stream_));
  }
  std::optional<http::Response> log(const std::string& query) {
    http::Request request;
    request.target = "/api/v1/namespaces/default/pods/web-0/log?" + query;
    const auto info = *parse_request(request);
    return run(serve_log(service_, clock_, info, stream_));
  }

  async::Loop loop_;
  async::SimulatedClock clock_{*from_rfc3339("2026-01-01T00:00:00Z")};
  SeededRandom random_{1};
  store::memory::Disk disk_;
  store::memory::Database database_;
  store::CachedStore store_;
  TalkingChannel channel_;
  ScriptedStream stream_;
  PodService service_;
};

constexpr const char* kBoth = "v5.channel.k8s.io,v4.channel.k8s.io";

TEST_F(PodsTest, ExecTellsOutputAndExitCodeByChannel) {
  channel_.code = 3;
  EXPECT_FALSE(exec(handshake("web-0/exec?command=ls&command=-l&stdout=1&stderr=1", kBoth)));
  EXPECT_EQ(stream_.upgraded["Sec-WebSocket-Protocol"], "v5.channel.k8s.io");
  EXPECT_EQ(stream_.upgraded["Sec-WebSocket-Accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_THAT(channel_.asked.argv, ElementsAre("ls", "-l"));
  EXPECT_EQ(channel_.where.vmid, VmId(20000));
  EXPECT_THAT(stream_.written, HasSubstr("\1out"));
  EXPECT_THAT(stream_.written, HasSubstr("\2"
                                         "err"));
  EXPECT_THAT(stream_.written, HasSubstr("NonZeroExitCode"));
  EXPECT_THAT(stream_.written, EndsWith(std::string("\x88\x02\x03\xe8", 4)));
}

TEST_F(PodsTest, ExecTakesStandardInputUpToItsEnd) {
  stream_.to_read = masked(std::string("\0one", 4)) + masked(std::string("\0two", 4)) +
                    masked(std::string("\xff\0", 2));
  EXPECT_FALSE(exec(handshake("web-0/exec?command=cat&stdin=1&stdout=1", kBoth)));
  EXPECT_EQ(channel_.asked.stdin_text, "onetwo");
  EXPECT_THAT(
      messages(stream_.written),
      ElementsAre(std::string("\1out"), std::string("\3") + R"({"metadata":{},"status":"Success"})",
                  std::string("\x03\xe8", 2)));
}

TEST_F(PodsTest, ExecAtATerminalPassesOnWhatIsTypedAndItsSize) {
  stream_.to_read = masked(R"({"Width":120,"Height":40})") + masked(std::string("\0ls\r", 4));
  stream_.to_read[6] = '\x04';
  const auto query = "web-0/exec?command=sh&stdin=1&stdout=1&tty=1";
  EXPECT_FALSE(exec(handshake(query, "v4.channel.k8s.io")));
  EXPECT_EQ(channel_.said.typed, "ls\r");
  EXPECT_EQ(channel_.said.size, (guest::WindowSize{120, 40}));
  EXPECT_THAT(stream_.written, HasSubstr("Success"));
}

TEST_F(PodsTest, ATerminalWithoutStandardInputIsOnlyLookedAt) {
  stream_.to_read = masked(std::string("\0ls\r", 4));
  stream_.leaves = true;
  EXPECT_FALSE(exec(handshake("web-0/exec?command=top&stdout=1&tty=1", kBoth)));
  EXPECT_EQ(channel_.said.typed, "");
}

TEST_F(PodsTest, WhoTypesWhatNobodyTakesIsToldSo) {
  channel_.stays = true;
  const std::string much = std::string(1, '\0') + std::string(60'000, 'x');
  for (int times = 0; times < 100; ++times)
    stream_.to_read +=
        http::websocket::render_masked_frame(http::websocket::Opcode::binary, much, 7);
  EXPECT_FALSE(exec(handshake("web-0/exec?command=sh&stdin=1&stdout=1&tty=1", kBoth)));
  EXPECT_THAT(stream_.written, HasSubstr("takes no input"));
}

TEST_F(PodsTest, ExecEndsWithItsClient) {
  channel_.stays = true;
  stream_.leaves = true;
  EXPECT_FALSE(exec(handshake("web-0/exec?command=sleep&stdout=1", kBoth)));
  EXPECT_TRUE(channel_.left);
}

TEST_F(PodsTest, ExecAnswersPings) {
  channel_.stays = true;
  stream_.to_read = std::string("\x89\x82\0\0\0\0hi", 8);
  stream_.leaves = true;
  EXPECT_FALSE(exec(handshake("web-0/exec?command=sleep&stdout=1", kBoth)));
  EXPECT_THAT(stream_.written, HasSubstr("\x8a\x02hi"));
}

TEST_F(PodsTest, ExecRefusesWhatItCannotDo) {
  http::Request spdy;
  spdy.method = "POST";
  spdy.target = "/api/v1/namespaces/default/pods/web-0/exec?command=ls";
  spdy.headers["Upgrade"] = "SPDY/3.1";
  EXPECT_THAT(exec(spdy)->body, HasSubstr("WebSocket only, not over SPDY"));
  EXPECT_EQ(exec(handshake("nobody/exec?command=ls", kBoth))->status, 404);
  // The end of standard input cannot be told in v4.
  EXPECT_EQ(exec(handshake("web-0/exec?command=cat&stdin=1", "v4.channel.k8s.io"))->status, 400);
  EXPECT_FALSE(exec(handshake("web-0/exec?command=ls&stdout=1", "v4.channel.k8s.io")));
  service_.find_guest = [](const Json&) -> Result<GuestDoor> {
    return make_error(ErrorClass::remote, "container 20000 is not seen running");
  };
  EXPECT_THAT(exec(handshake("web-0/exec?command=ls", kBoth))->body, HasSubstr("not seen running"));
}

TEST_F(PodsTest, SomePlacesStayForTheControllers) {
  std::vector<WatchLimits::Place> taken;
  for (const auto* node : {"pve2", "pve3", "pve4"})
    for (int times = 0; times < 8; ++times) taken.push_back(*service_.places.take(node));
  EXPECT_EQ(exec(handshake("web-0/exec?command=ls&stdout=1", kBoth))->status, 429);
  taken.pop_back();
  EXPECT_FALSE(exec(handshake("web-0/exec?command=ls&stdout=1", kBoth)));
}

TEST_F(PodsTest, LogIsTheJournalsMessages) {
  channel_.out = "{\"MESSAGE\":\"one\"}\n{\"MESSAGE\":\"two\"}\n";
  EXPECT_FALSE(log("tailLines=2"));
  ASSERT_TRUE(stream_.started.has_value());
  EXPECT_EQ(stream_.started->headers["Content-Type"], "text/plain");
  EXPECT_EQ(stream_.written, "one\ntwo\n");
}

TEST_F(PodsTest, LogStopsAtItsLimit) {
  channel_.out = "{\"MESSAGE\":\"one\"}\n{\"MESSAGE\":\"two\"}\n";
  EXPECT_FALSE(log("limitBytes=5"));
  EXPECT_EQ(stream_.written, "one\nt");
}

TEST_F(PodsTest, LogSaysWhyThereIsNone) {
  channel_.out = "";
  channel_.err = "journalctl: not found";
  channel_.code = 127;
  const auto answer = log("");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 502);
  EXPECT_THAT(answer->body, HasSubstr("journalctl: not found"));
  EXPECT_EQ(log("container=other")->status, 400);
}

}  // namespace
}  // namespace gantry::apiserver
