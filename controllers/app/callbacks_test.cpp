#include "controllers/app/callbacks.h"

#include <gmock/gmock.h>

#include "api/meta/condition.h"

namespace gantry::controllers::app {
namespace {

using std::chrono::minutes;

const Time kNow = from_unix_seconds(1'800'000'000);
const Status kClosed = with_code(make_error(ErrorClass::remote, "no route to host"), "BST-002");

std::string said(const api::v1alpha1::App& app) {
  const auto* found = api::meta::find_condition(app.status.conditions, "CallbackReachable");
  return found == nullptr ? "nothing" : found->message;
}

TEST(Callbacks, WhoCannotReachUsIsSaidOnce) {
  api::v1alpha1::App app;
  EXPECT_FALSE(judge_callbacks(app, {{"web-0", Status()}}, kNow));
  EXPECT_EQ(said(app), "nothing");
  EXPECT_TRUE(judge_callbacks(app, {{"web-0", Status()}, {"web-1", kClosed}}, kNow));
  EXPECT_EQ(said(app), "web-1: no route to host; polling instead");
  EXPECT_FALSE(judge_callbacks(app, {{"web-0", Status()}, {"web-1", kClosed}}, kNow));
  EXPECT_FALSE(judge_callbacks(app, {{"web-0", Status()}, {"web-1", std::nullopt}}, kNow));
  EXPECT_NE(said(app), "nothing") << "not known is no answer";
  EXPECT_FALSE(judge_callbacks(app, {{"web-0", Status()}, {"web-1", Status()}}, kNow));
  EXPECT_EQ(said(app), "nothing");
}

TEST(Callbacks, NobodyIsAskedOften) {
  Inside inside;
  EXPECT_TRUE(is_reach_due(inside, kNow)) << "never asked";
  inside.bootstrapped_at = kNow - minutes(30);
  inside.reach_asked_at = kNow - minutes(20);
  inside.reach = Status();
  EXPECT_FALSE(is_reach_due(inside, kNow));
  EXPECT_TRUE(is_reach_due(inside, kNow + minutes(40)));
  inside.reach = kClosed;
  EXPECT_TRUE(is_reach_due(inside, kNow)) << "somebody may have opened the way";
  inside.reach_asked_at = kNow - minutes(9);
  EXPECT_FALSE(is_reach_due(inside, kNow));
  inside.bootstrapped_at = kNow - minutes(1);
  EXPECT_TRUE(is_reach_due(inside, kNow)) << "it is another container";
}

TEST(Callbacks, WhoIsHeardIsAskedAtOnce) {
  api::v1alpha1::Machine machine;
  Inside inside;
  inside.probed_at = inside.reach_asked_at = kNow;
  hear(machine, inside);
  EXPECT_TRUE(inside.probed_at);
  machine.metadata.annotations["gantry.dev/callback"] = "7";
  hear(machine, inside);
  EXPECT_FALSE(inside.probed_at);
  EXPECT_FALSE(inside.reach_asked_at);
  inside.probed_at = kNow;
  hear(machine, inside);
  EXPECT_TRUE(inside.probed_at) << "once";
}

}  // namespace
}  // namespace gantry::controllers::app
