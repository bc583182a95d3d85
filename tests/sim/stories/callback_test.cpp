// Containers are told how to call back, and some cannot reach us.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

WorldOptions with_offer() {
  WorldOptions options;
  options.callbacks.emplace(controllers::app::CallbackOffer{
      "https://gantry.lan:6443", "", callback::Tokens("0123456789abcdef0123456789abcdef")});
  options.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
    spec.command_channel.emplace();
    spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
  };
  return options;
}

class CallbackStory : public Story {
 protected:
  CallbackStory() : Story(with_offer()) {
    world.backend.options().program = [this](VmId, lab::GuestSystem&,
                                             const guest::Command& command) {
      const auto& argv = command.argv;
      const bool asks = argv.size() == 6 && argv[4].ends_with("/machines/web-0/callback");
      if (!asks) return std::optional<guest::Exit>();
      ++asked;
      for (const auto& word : argv) EXPECT_THAT(word, Not(HasSubstr("gantrycb"))) << "a secret";
      guest::Exit exit;
      exit.code = open ? 0 : 7;
      exit.out = open ? "405" : "000";
      if (!open) exit.err = "curl: (7) Failed to connect to gantry.lan port 6443";
      return std::optional(exit);
    };
  }
  // "False BST-002 web-0: …"
  std::string says(const std::string& type) {
    const auto app = world.objects("apps.gantry.dev").front();
    const auto* all = app.find_path({"status", "conditions"});
    if (all == nullptr) return "absent";
    for (const auto& each : all->as_array())
      if (each.string_or("type", "") == type)
        return each.string_or("status", "") + " " + each.string_or("code", "") + " " +
               each.string_or("message", "");
    return "absent";
  }
  bool is_told() { return says("CallbackReachable") != "absent"; }
  std::vector<std::string> events() {
    std::vector<std::string> lines;
    for (const auto& event : world.objects("events"))
      lines.push_back(event.string_or("reason", "") + ": " + event.string_or("message", ""));
    return lines;
  }

  bool open = false;
  int asked = 0;
};

TEST_F(CallbackStory, WhoCannotReachUsIsToldAndIsNoLessReady) {
  world.create_app("web", 1, "page");
  ASSERT_TRUE(wait_until([this] { return is_told(); }));
  EXPECT_EQ(says("CallbackReachable"),
            "False BST-002 web-0: curl: (7) Failed to connect to gantry.lan port 6443; polling "
            "instead");
  EXPECT_THAT(says("Ready"), HasSubstr("True"));
  EXPECT_THAT(says("Reconciling"), HasSubstr("False"));
  EXPECT_THAT(events(), Contains(HasSubstr("CallbackUnreachable: web-0: curl: (7)")));
  world.run_for(9min);
  EXPECT_EQ(asked, 1) << "now and then is enough";
  // A daemon that has just started knows nothing, and takes nothing back.
  world.kill_daemon();
  world.start_daemon();
  world.run_for(10s);
  EXPECT_TRUE(is_told());
  ASSERT_TRUE(wait_until([this] { return asked == 2; }));
  open = true;
  world.call_back("web-0", 1'800'000'000'000);
  world.run_for(30s);
  EXPECT_FALSE(is_told()) << "it was heard, and asked again at once";
}

TEST_F(CallbackStory, WhatIsReachedIsNotTold) {
  open = true;
  world.create_app("web", 1, "page");
  ASSERT_TRUE(wait_until([this] { return asked > 0; }));
  world.run_for(1min);
  EXPECT_FALSE(is_told());
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace gantry::sim
