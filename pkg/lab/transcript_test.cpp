// Replays recorded cases against the HTTP door and compares everything: status line, members and
// kinds of the body, error texts, outcome and log of tasks. The cases are in testdata/, written
// down from answers of a real pve-manager 9.2.11, in the order in which they were asked:
//
//   @ root@pam!t1            who asks from here on; "-" nobody
//   * NAME                   the next request's name, for known_differences.txt
//   ? TEXT                   from here on nothing is recorded; TEXT: where the answers come from
//   > METHOD /path?query [form, JSON or "text/plain:" body]
//   < STATUS REASON          the status line. Unless "." says otherwise, 200 has the member `data`
//                            and everything else `data` null and `message`, which says the same
//   . data total             exactly these members; "." alone: no JSON body
//   ! name: text             errors.name; nothing else is in `errors`
//   : path kind|= JSON       a member's kind ("data.memory integer"), or value ("data = []");
//                            "absent"; "rows N": an array of N. [name=value] picks a row
//   = path WORD…             exactly these members, see Shapes::compare
//   ~ text                   how the task named by `data` ends
//   | text                   its log, line by line, all of it; "| ..." at last: and more
//   + action                 what happens past the API, see Replay::act
//
// One "*" stands for anything in "~" and "|", {name} for what "+ remember" kept.
#include <fstream>

#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/lab/testing.h"
#include "pkg/lab/transcript_form.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using testing::matches;
using testing::unescape;
using testing::words_of;

constexpr const char* kAlpine = "local:vztmpl/alpine-3.22-default_20250617_amd64.tar.xz";
constexpr const char* kDebian = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst";

class NoStream final : public http::ResponseStream {
 public:
  Async<Status> start(http::Response) override { co_return Status(); }
  Async<Status> write(std::string) override { co_return Status(); }
};

std::string testdata(const std::string& name) {
  return std::string(GANTRY_TEST_FOLDER) + "/testdata/" + name + ".txt";
}

const testing::KnownDifferences& known_differences() {
  static const testing::KnownDifferences all(testdata("known_differences"));
  return all;
}

// The server of the recordings: one node with two cores and two templates; "pve2" is a name in its
// cluster that answers to nobody.
Options recorded_server(int nodes) {
  auto options = nodes > 1 ? cluster_of(nodes) : single_node();
  for (auto& node : options.nodes) node.cores = 2;
  options.nodes.front().address = "10.77.0.1";
  return options;
}

MemoryOptions recorded_templates() {
  MemoryOptions options;
  options.templates = {{"alpine-3.22-default_20250617_amd64.tar.xz", 906860},
                       {"debian-13-standard_13.1-2_amd64.tar.zst", 66226549}};
  return options;
}

// Plays one file; its failures are collected a case.
class Replay {
 public:
  explicit Replay(std::string name) : name_(std::move(name)) {}

  void run() {
    std::ifstream file(testdata(name_));
    ASSERT_TRUE(file) << name_;
    for (std::string line; std::getline(file, line);) {
      ++line_;
      if (line.empty() || line[0] == '#') continue;
      play(line[0], line.size() > 2 ? line.substr(2) : "");
      if (::testing::Test::HasFatalFailure()) return;
    }
    close_case();
    EXPECT_GT(requests_, 0);
    for (const auto& [name, reason] : known_differences().reasons()) {
      const bool here = starts_with(name, name_ + "/");
      EXPECT_TRUE(!here || met_.contains(name)) << name << " is nowhere";
    }
    ::testing::Test::RecordProperty("recorded", requests_ - unverified_);
    ::testing::Test::RecordProperty("unverified", unverified_);
  }

 private:
  // What this case has said so far; decides what goes without saying.
  struct Case {
    std::string name;
    bool open = false, members_said = false;
    std::set<std::string> errors_said;
    std::vector<std::string> log_said;
    std::vector<std::pair<int, std::string>> differences;
  };

  void differ(const std::string& text) { case_.differences.emplace_back(line_, text); }

  void play(char kind, const std::string& raw) {
    const auto text = kind == ':' || kind == '=' || kind == '!' ? raw : substitute(raw);
    if (kind == '|') return case_.log_said.push_back(unescape(text));
    check_log();
    if (kind == '<') return expect_status(text);
    if (kind == '.') return expect_members(words_of(text));
    if (kind == '!') return expect_error(text);
    if (kind == ':') return expect_value(text);
    if (kind == '=') return expect_shape(text);
    if (kind == '~') return expect_outcome(text);
    if (kind == '+') return act(words_of(text));
    close_case();
    if (kind == '@') {
      who_ = text;
    } else if (kind == '*') {
      case_.name = name_ + "/" + text;
    } else if (kind == '?') {
      source_ = text;
    } else if (kind == '>') {
      send(text);
    } else {
      FAIL() << name_ << ":" << line_ << ": unknown kind of line";
    }
  }

  // What went without saying, then the verdict.
  void close_case() {
    check_log();
    if (!case_.open) return;
    if (!case_.members_said) expect_usual_members();
    if (const auto* errors = body_.find("errors"); errors != nullptr) {
      for (const auto& [name, value] : errors->as_object()) {
        if (!case_.errors_said.contains(name)) differ("errors." + name + ": not recorded");
      }
    }
    if (known_differences().contains(case_.name)) {
      met_.insert(case_.name);
      EXPECT_FALSE(case_.differences.empty())
          << case_.name << " is answered as recorded: take it off known_differences.txt";
    } else {
      for (const auto& [line, text] : case_.differences) {
        ADD_FAILURE_AT(testdata(name_).c_str(), line)
            << request_.method << " " << request_.target << "\n"
            << text << "\nin " << response_.body;
      }
    }
    case_ = Case();
  }

  testing::World& world() {
    if (world_ == nullptr) make_world(1);
    return *world_;
  }

  void make_world(int nodes) {
    world_ = std::make_unique<testing::World>(recorded_server(nodes), recorded_templates());
    auto& lab = world_->lab;
    secrets_["root@pam!t1"] = lab.add_token("root@pam", "t1", false)->secret;
    root_ = lab.client("root@pam!t1");
  }

  std::string substitute(std::string text) const {
    for (const auto& [name, value] : remembered_) {
      const auto word = "{" + name + "}";
      for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) {
        text.replace(at, word.size(), value);
      }
    }
    return text;
  }

  void send(const std::string& text) {
    auto& w = world();
    ++requests_;
    if (!source_.empty()) ++unverified_;
    case_.open = true;
    const auto first = text.find(' ');
    const auto second = text.find(' ', first + 1);
    request_ = http::Request();
    request_.method = text.substr(0, first);
    request_.target = "/api2/json" + text.substr(first + 1, second - first - 1);
    if (second != std::string::npos) set_body(text.substr(second + 1));
    if (who_ != "-") {
      const auto secret = secrets_.contains(who_) ? secrets_[who_] : "wrong";
      request_.headers["Authorization"] = "PVEAPIToken=" + who_ + "=" + secret;
    }
    NoStream stream;
    const auto response = w.run(w.lab.handler().handle(request_, http::Peer(), stream));
    ASSERT_TRUE(response.has_value());
    response_ = *response;
    body_ = Json();
    if (const auto json = schema::parse_json(response_.body); json.ok()) body_ = *json;
    keep_what_is_handed_out();
  }

  void set_body(const std::string& text) {
    constexpr std::string_view kPlain = "text/plain:";
    const bool plain = starts_with(text, kPlain);
    request_.body = plain ? text.substr(kPlain.size()) : text;
    request_.headers["Content-Type"] = plain            ? "text/plain"
                                       : text[0] == '{' ? "application/json"
                                                        : "application/x-www-form-urlencoded";
  }

  // The UPID of a task and the secret of a token.
  void keep_what_is_handed_out() {
    const auto* data = body_.find("data");
    if (data == nullptr) return;
    if (data->is_string() && starts_with(data->as_string(), "UPID:")) {
      upid_ = Upid(data->as_string());
      remembered_["upid"] = upid_.get();
    }
    const auto token = data->string_or("full-tokenid", "");
    if (!token.empty()) secrets_[token] = data->string_or("value", "");
  }

  void expect_status(const std::string& text) {
    const auto got = std::to_string(response_.status) + " " + response_.reason;
    if (got != text) differ("answered " + got);
  }

  void expect_usual_members() {
    if (response_.status == 200) return expect_members({"data"});
    const bool has_errors = !case_.errors_said.empty();
    expect_members(has_errors ? std::vector<std::string>{"data", "errors", "message"}
                              : std::vector<std::string>{"data", "message"});
    const auto text = body_.string_or("message", "");
    const auto wanted = response_.reason + (response_.status == 501 ? "" : "\n");
    if (text != wanted) differ("message is " + text);
    if (const auto* data = body_.find("data"); data != nullptr && !data->is_null()) {
      differ("data is not null");
    }
  }

  void expect_members(const std::vector<std::string>& wanted) {
    case_.members_said = true;
    std::set<std::string> names;
    if (body_.is_object()) {
      for (const auto& [name, value] : body_.as_object()) names.insert(name);
    }
    if (names != std::set<std::string>(wanted.begin(), wanted.end())) {
      differ("the body has the members " + join({names.begin(), names.end()}, " "));
    }
  }

  void expect_error(const std::string& text) {
    const auto colon = text.find(": ");
    const auto name = text.substr(0, colon);
    case_.errors_said.insert(name);
    const auto* errors = body_.find("errors");
    const auto got = errors == nullptr ? "(none)" : errors->string_or(name, "(none)");
    if (got != unescape(text.substr(colon + 2))) differ("errors." + name + " is " + got);
  }

  const Json* find(const std::string& path) const {
    const Json* at = &body_;
    for (const auto& name : split(path, '.')) {
      if (at == nullptr) return nullptr;
      at = at->is_array() ? find_row(at->as_array(), name) : at->find(name);
    }
    return at;
  }

  static const Json* find_row(const Json::Array& rows, const std::string& name) {
    if (name[0] != '[') {
      const auto index = static_cast<size_t>(parse_integer(name).value_or(0));
      return index < rows.size() ? &rows[index] : nullptr;
    }
    const auto equals = name.find('=');
    const auto value = name.substr(equals + 1, name.size() - equals - 2);
    for (const auto& row : rows) {
      const auto* member = row.find(name.substr(1, equals - 1));
      if (member == nullptr) continue;
      const auto text = member->is_string() ? member->as_string() : schema::to_json(*member);
      if (text == value) return &row;
    }
    return nullptr;
  }

  void expect_value(const std::string& text) {
    const auto words = split(text, ' ');
    const auto* value = find(words[0]);
    if (words[1] == "absent") {
      if (value != nullptr) differ(words[0] + " is there");
    } else if (value == nullptr) {
      differ(words[0] + " is missing");
    } else if (words[1] == "task") {
      if (!value->is_string() || !starts_with(value->as_string(), "UPID:")) differ("no task");
    } else if (words[1] == "rows") {
      if (std::to_string(value->size()) != words[2]) {
        differ(words[0] + " has " + std::to_string(value->size()) + " rows");
      }
    } else if (words[1] != "=") {
      if (words[1] != to_string(value->kind())) differ(words[0] + " is of another kind");
    } else {
      const auto wanted = schema::parse_json(substitute(text.substr(text.find(" = ") + 3)));
      ASSERT_TRUE(wanted.ok()) << text;
      if (*value != *wanted) differ(words[0] + " is " + schema::to_json(*value));
    }
  }

  void expect_shape(const std::string& text) {
    auto words = words_of(text);
    const auto path = words.front();
    words.erase(words.begin());
    for (auto& word : words) word = substitute(word);
    const auto* value = find(path);
    if (value == nullptr) return differ(path + " is missing");
    for (const auto& problem : shapes_.compare(*value, words)) differ(path + ": " + problem);
  }

  void expect_outcome(const std::string& text) {
    if (upid_.get().empty()) return differ("there is no task");
    const auto exit = world().wait(*root_, upid_).exit_status;
    if (!matches(text, exit)) differ("the task ended: " + exit);
  }

  void check_log() {
    const auto wanted = std::exchange(case_.log_said, {});
    if (wanted.empty()) return;
    const auto log = world().run(root_->task_log(upid_, 1000));
    if (!log.ok()) return differ("no log: " + message_of(log.status()));
    bool same = true;
    const bool open = wanted.back() == "...";
    const auto count = wanted.size() - (open ? 1 : 0);
    if (open ? log->size() < count : log->size() != count) same = false;
    for (size_t i = 0; same && i < count; ++i) same = matches(wanted[i], (*log)[i]);
    if (!same) differ("the log is:\n" + join(*log, "\n"));
  }

  // nodes N: first of all, a cluster.    make ID alpine|debian stopped|running [KEY=VALUE…]: by
  // root. wait S: time passes.                 put ID NODE [KEY=VALUE…]: somebody else's guest.
  // lock ID [LOCK], edit ID KEY [VALUE]: a person edits the config.  pool ID POOL.
  // remember NAME [PATH]: {NAME} is the last UPID, or that value of the last answer.
  // task NAME: that task is meant.       unlocked ID: passes time until it has no lock.
  // kill: SIGKILL to the last task.      hang: the next request is answered 596.
  // slow TYPE: such a task takes minutes. stop ID: a person kills it.
  // daemon on|off: pvedaemon of pve1.    node NAME on|off, quorum on|off.
  // user NAME [PASSWORD].                grant PATH WHO ROLE, revoke PATH WHO ROLE.
  // privileges POOL: what deploy/pve/role.sh sets up.
  void act(const std::vector<std::string>& words) {
    SCOPED_TRACE(name_ + ":" + std::to_string(line_));
    if (words[0] == "nodes") return make_world(static_cast<int>(*parse_integer(words[1])));
    const VmId vmid(words.size() > 1 ? parse_integer(words[1]).value_or(0) : 0);
    const auto known = act_on_guest(words, vmid) || act_on_server(words);
    EXPECT_TRUE(known) << "unknown action " << words[0];
  }

  bool act_on_guest(const std::vector<std::string>& words, VmId vmid) {
    auto& lab = world().lab;
    const auto& what = words[0];
    Status done;
    if (what == "make") {
      make(vmid, words);
    } else if (what == "lock") {
      done = lab.set_lock(vmid, words.size() > 2 ? words[2] : "");
    } else if (what == "edit") {
      done = lab.edit_config(vmid, words[2], words.size() > 3 ? words[3] : "");
    } else if (what == "put") {
      GuestRecord guest;
      guest.vmid = vmid;
      guest.node = NodeName(words[2]);
      guest.config = settings(words, 3);
      done = lab.put_guest(std::move(guest));
    } else if (what == "pool") {
      done = lab.set_pool(vmid, words[2]);
    } else if (what == "stop") {
      done = world().run(lab.stop_guest(vmid));
    } else if (what == "unlocked") {
      while (lab.find_guest(vmid).value().config.contains("lock")) world().pass(50ms);
    } else {
      return false;
    }
    EXPECT_THAT(done, gantry::testing::IsOk());
    return true;
  }

  bool act_on_server(const std::vector<std::string>& words) {
    auto& w = world();
    const auto& what = words[0];
    Status done;
    if (what == "wait") {
      w.pass(std::chrono::seconds(*parse_integer(words[1])));
    } else if (what == "remember") {
      remember(words);
    } else if (what == "task") {
      upid_ = Upid(remembered_.at(words[1]));
    } else if (what == "kill") {
      EXPECT_TRUE(w.lab.kill_task(upid_));
    } else if (what == "slow") {
      w.lab.faults().next_task(TaskFault::slow, words[1]);
    } else if (what == "hang") {
      w.lab.faults().next_request(RequestFault::error_596, "", "");
    } else if (what == "daemon") {
      w.lab.set_daemon_running(NodeName("pve1"), words[1] == "on");
    } else if (what == "node") {
      done = w.run(w.lab.set_node_online(NodeName(words[1]), words[2] == "on"));
    } else if (what == "quorum") {
      w.lab.set_quorate(words[1] == "on");
    } else if (what == "user") {
      done = w.lab.add_user(words[1], words.size() > 2 ? words[2] : "");
    } else if (what == "grant") {
      done = w.lab.grant(words[1], words[2], words[3]);
    } else if (what == "revoke") {
      done = w.lab.revoke(words[1], words[2], words[3]);
    } else if (what == "privileges") {
      const auto token = w.lab.set_up_least_privilege(words[1]);
      secrets_[token.id] = token.secret;
    } else {
      return false;
    }
    EXPECT_THAT(done, gantry::testing::IsOk());
    return true;
  }

  static std::map<std::string, std::string> settings(const std::vector<std::string>& words,
                                                     size_t first) {
    std::map<std::string, std::string> all;
    for (size_t i = first; i < words.size(); ++i) {
      const auto at = words[i].find('=');
      all[words[i].substr(0, at)] = words[i].substr(at + 1);
    }
    return all;
  }

  void make(VmId vmid, const std::vector<std::string>& words) {
    pve::Parameters parameters{{"ostemplate", words[2] == "alpine" ? kAlpine : kDebian},
                               {"rootfs", words[2] == "alpine" ? "local:1" : "local:2"}};
    for (const auto& [key, value] : settings(words, 4)) parameters[key] = value;
    const NodeName node("pve1");
    const auto made = world().outcome(*root_, root_->create_guest(node, vmid, parameters));
    EXPECT_THAT(made, ::testing::AnyOf("OK", "WARNINGS: 1"));
    if (words[3] != "running") return;
    EXPECT_EQ(world().outcome(*root_, root_->start_guest(node, vmid)), "OK");
  }

  void remember(const std::vector<std::string>& words) {
    if (words.size() == 2) {
      remembered_[words[1]] = upid_.get();
      return;
    }
    const auto* value = find(words[2]);
    if (value == nullptr) return differ(words[2] + " is missing");
    remembered_[words[1]] = value->is_string() ? value->as_string() : schema::to_json(*value);
  }

  std::string name_;
  int line_ = 0, requests_ = 0, unverified_ = 0;
  testing::Shapes shapes_{testdata("shapes")};
  std::unique_ptr<testing::World> world_;
  std::unique_ptr<pve::Client> root_;
  std::string who_ = "root@pam!t1", source_;
  std::map<std::string, std::string> secrets_;
  std::map<std::string, std::string> remembered_{{"alpine", kAlpine}, {"debian", kDebian}};
  std::set<std::string> met_;
  http::Request request_;
  http::Response response_;
  Json body_;
  Upid upid_;
  Case case_;
};

class Transcript : public ::testing::TestWithParam<std::string> {};

TEST_P(Transcript, IsAnsweredAsTheRealServerDid) {
  Replay replay(GetParam());
  replay.run();
}

INSTANTIATE_TEST_SUITE_P(Recorded, Transcript,
                         ::testing::Values("access", "backup", "cluster", "config", "create",
                                           "crash", "daemon", "disks", "golden", "ha",
                                           "least_privilege", "locks", "network", "parameters",
                                           "power", "routing", "start", "storage", "tasks",
                                           "transport"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace gantry::lab
