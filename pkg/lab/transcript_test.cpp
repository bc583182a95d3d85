// Replays recorded cases against the HTTP door: status line, body shape, types, error texts, task
// outcomes. The cases are in testdata/, written down from answers of a real pve-manager 9.2.11:
//
//   @ root@pam!t1          who asks from here on; "-" nobody
//   > METHOD /path?query [form body]
//   < STATUS REASON        the status line
//   . data message         exactly these members; "." alone: no JSON body
//   ! name: text           errors.name
//   : path kind            a member's kind ("data.memory integer"), or value ("data.memory = 512")
//   ~ text                 how the task named by `data` ends ("*" at its end: any rest)
//   | text                 a line of its log
//   + action               what happens past the API: wait, lock, kill, daemon
#include <fstream>

#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/lab/testing.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

class NoStream final : public http::ResponseStream {
 public:
  Async<Status> start(http::Response) override { co_return Status(); }
  Async<Status> write(std::string) override { co_return Status(); }
};

std::string unescape(std::string text) {
  for (auto at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at)) {
    text.replace(at, 2, "\n");
  }
  return text;
}

MemoryOptions memory_options() {
  MemoryOptions options;
  options.templates = {{"alpine-3.22-default_20250617_amd64.tar.xz", 906860},
                       {"debian-13-standard_13.1-2_amd64.tar.zst", 66226549}};
  return options;
}

// The players of the recordings.
class Replay {
 public:
  explicit Replay(const std::string& file) : world_(options(), memory_options()), file_(file) {
    secrets_["root@pam!t1"] = world_.lab.add_token("root@pam", "t1", false)->secret;
    const auto daemon = world_.lab.set_up_least_privilege("gantry");
    secrets_[daemon.id] = daemon.secret;
    EXPECT_TRUE(world_.lab.add_user("bob@pve").ok());
    secrets_["bob@pve!aa"] = world_.lab.add_token("bob@pve", "aa", true)->secret;
    secrets_["bob@pve!bb"] = world_.lab.add_token("bob@pve", "bb", false)->secret;
    EXPECT_TRUE(world_.lab.add_pool("tp").ok());
    EXPECT_TRUE(world_.lab.grant("/pool/tp", "bob@pve", "PVEVMAdmin").ok());
    EXPECT_TRUE(world_.lab.grant("/storage/local", "bob@pve", "PVEDatastoreUser").ok());
  }

  void run() {
    std::ifstream file(file_);
    ASSERT_TRUE(file) << file_;
    std::string line;
    while (std::getline(file, line)) {
      ++line_;
      if (line.empty() || line[0] == '#') continue;
      ASSERT_GE(line.size(), 1u);
      play(line[0], line.size() > 2 ? line.substr(2) : "");
    }
    EXPECT_GT(requests_, 0);
  }

 private:
  static Options options() { return single_node(); }

  ::testing::Message where() const {
    return ::testing::Message() << file_ << ":" << line_ << " " << request_.method << " "
                                << request_.target;
  }

  void play(char kind, const std::string& text) {
    SCOPED_TRACE(where());
    switch (kind) {
      case '@':
        who_ = text;
        break;
      case '>':
        send(text);
        break;
      case '<':
        expect_status(text);
        break;
      case '.':
        expect_members(text);
        break;
      case '!':
        expect_error(text);
        break;
      case ':':
        expect_value(text);
        break;
      case '~':
        expect_outcome(text);
        break;
      case '|':
        expect_log(text);
        break;
      case '+':
        act(text);
        break;
      default:
        FAIL() << "unknown kind of line";
    }
  }

  void send(const std::string& text) {
    ++requests_;
    const auto first = text.find(' ');
    const auto second = text.find(' ', first + 1);
    request_ = http::Request();
    request_.method = text.substr(0, first);
    request_.target = "/api2/json" + text.substr(first + 1, second - first - 1);
    if (second != std::string::npos) {
      request_.body = text.substr(second + 1);
      request_.headers["Content-Type"] =
          request_.body[0] == '{' ? "application/json" : "application/x-www-form-urlencoded";
    }
    if (who_ != "-") {
      const auto secret = secrets_.contains(who_) ? secrets_[who_] : "wrong";
      request_.headers["Authorization"] = "PVEAPIToken=" + who_ + "=" + secret;
    }
    NoStream stream;
    const auto response = world_.run(world_.lab.handler().handle(request_, http::Peer(), stream));
    ASSERT_TRUE(response.has_value());
    response_ = *response;
    body_ = Json();
    if (const auto json = schema::parse_json(response_.body); json.ok()) body_ = *json;
    if (const auto* data = body_.find("data"); data != nullptr && data->is_string()) {
      upid_ = Upid(data->as_string());
    }
  }

  void expect_status(const std::string& text) {
    EXPECT_EQ(std::to_string(response_.status) + " " + response_.reason, text) << response_.body;
  }

  void expect_members(const std::string& text) {
    std::set<std::string> names;
    if (body_.is_object()) {
      for (const auto& [name, value] : body_.as_object()) names.insert(name);
    }
    auto wanted = split(text, ' ');
    std::erase(wanted, "");
    EXPECT_EQ(names, std::set<std::string>(wanted.begin(), wanted.end())) << response_.body;
  }

  void expect_error(const std::string& text) {
    const auto colon = text.find(": ");
    const auto* errors = body_.find("errors");
    ASSERT_NE(errors, nullptr) << response_.body;
    EXPECT_EQ(errors->string_or(text.substr(0, colon), "(absent)"),
              unescape(text.substr(colon + 2)));
  }

  const Json* find(const std::string& path) const {
    const Json* at = &body_;
    for (const auto& name : split(path, '.')) {
      if (at == nullptr) return nullptr;
      if (at->is_array()) {
        const auto index = parse_integer(name).value_or(0);
        at = index < static_cast<int64_t>(at->size()) ? &at->as_array()[static_cast<size_t>(index)]
                                                      : nullptr;
      } else {
        at = at->find(name);
      }
    }
    return at;
  }

  void expect_value(const std::string& text) {
    const auto words = split(text, ' ');
    const auto* value = find(words[0]);
    if (words[1] == "absent") {
      EXPECT_EQ(value, nullptr);
      return;
    }
    ASSERT_NE(value, nullptr) << words[0] << " in " << response_.body;
    if (words[1] != "=") {
      EXPECT_EQ(std::string(to_string(value->kind())), words[1]) << words[0];
      return;
    }
    const auto wanted = schema::parse_json(text.substr(text.find(" = ") + 3));
    ASSERT_TRUE(wanted.ok()) << text;
    EXPECT_EQ(schema::to_json(*value), schema::to_json(*wanted)) << words[0];
  }

  pve::Task ended() {
    const auto client = world_.lab.client(world_.lab.root_token().id);
    return world_.wait(*client, upid_);
  }

  void expect_outcome(const std::string& text) {
    const auto exit = ended().exit_status;
    if (text.back() == '*') {
      EXPECT_EQ(exit.substr(0, text.size() - 1), text.substr(0, text.size() - 1));
    } else {
      EXPECT_EQ(exit, text);
    }
  }

  void expect_log(const std::string& text) {
    const auto client = world_.lab.client(world_.lab.root_token().id);
    const auto log = world_.run(client->task_log(upid_, 100));
    ASSERT_TRUE(log.ok());
    EXPECT_THAT(*log, ::testing::Contains(unescape(text)));
  }

  // "+ wait 10", "+ lock 160 backup", "+ kill", "+ daemon off".
  void act(const std::string& text) {
    const auto words = split(text, ' ');
    auto& lab = world_.lab;
    const VmId vmid(words.size() > 1 ? parse_integer(words[1]).value_or(0) : 0);
    Status done;
    if (words[0] == "wait") world_.pass(std::chrono::seconds(vmid.get()));
    if (words[0] == "lock") done = lab.set_lock(vmid, words[2]);
    if (words[0] == "daemon") lab.set_daemon_running(NodeName("pve1"), words[1] == "on");
    EXPECT_THAT(done, gantry::testing::IsOk());
    if (words[0] != "kill") return;
    EXPECT_TRUE(lab.kill_task(upid_));
  }

  testing::World world_;
  std::string file_;
  int line_ = 0, requests_ = 0;
  std::string who_ = "root@pam!t1";
  std::map<std::string, std::string> secrets_;
  http::Request request_;
  http::Response response_;
  Json body_;
  Upid upid_;
};

class Transcript : public ::testing::TestWithParam<std::string> {};

TEST_P(Transcript, IsAnsweredAsTheRealServerDid) {
  Replay replay(std::string(GANTRY_TEST_FOLDER) + "/testdata/" + GetParam() + ".txt");
  replay.run();
}

INSTANTIATE_TEST_SUITE_P(Recorded, Transcript,
                         ::testing::Values("transport", "routing", "parameters", "create", "power",
                                           "config", "disks", "locks", "access", "least_privilege",
                                           "storage"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace gantry::lab
