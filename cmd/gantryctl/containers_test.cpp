// stats, logs, exec: what is asked of containers.
#include "cmd/gantryctl/containers.h"

#include "cmd/gantryctl/pods_fake.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

class Containers : public PodCommands {
 protected:
  Containers() {
    put("apps.gantry.dev", R"({"apiVersion":"gantry.dev/v1alpha1","kind":"App",
        "metadata":{"name":"wiki","namespace":"default"},"spec":{"machineClassName":"small",
        "workload":{"service":{"unit":"wiki.service"}}}})");
  }
  void put_replica(const std::string& name, const std::string& status) {
    put("machines.gantry.dev",
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Machine","metadata":{"namespace":"default",)"
        R"("labels":{"gantry.dev/app":"wiki"},"name":")" +
            name + R"("},"spec":{"machineClassName":"small"},"status":)" + status + "}");
  }
  Result<int> exec(const std::string& word, std::optional<std::string> input = std::nullopt) {
    ExecRequest request;
    request.command = {"sh", "-c", "a b"};
    request.input = std::move(input);
    return run(ctl::exec(*session_, place(word), request, random_));
  }
  Status logs(const std::string& word, const LogOptions& options = {}) {
    return run(ctl::logs(*session_, places({word}), options));
  }
};

TEST_F(Containers, StatsSayWhatIsKnownAndWhenItWasSeen) {
  put_replica("wiki-0", R"({"power":"running","lastObservedAt":"2025-12-31T23:59:30Z","usage":{
      "cpu":0.256,"memoryUsed":134217728,"memoryTotal":536870912,
      "networkIn":2048,"networkOut":0}})");
  put_replica("wiki-1", R"({"power":"stopped","lastObservedAt":"2025-12-31T23:00:00Z","usage":{
      "cpu":0.5,"memoryUsed":1,"memoryTotal":2}})");
  put_replica("wiki-2", R"({"power":"running","lastObservedAt":"2025-12-31T23:50:00Z","usage":{
      "memoryUsed":1024,"memoryTotal":2048},"conditions":[{"type":"Observed","status":"Unknown",
      "reason":"R","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]})");
  put_machine("db", "True");
  EXPECT_THAT(run(stats(*session_, places({"app/wiki"}))), IsOk());
  ASSERT_EQ(printed_.size(), 1U);
  const auto lines = split(printed_[0], '\n');
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[0], HasSubstr("NAME     STATE"));
  EXPECT_THAT(lines[1], AllOf(HasSubstr("wiki-0   running   0.26   128 MiB / 512 MiB (25%)   -  "),
                              HasSubstr("2 KiB    0 B       30s ago")));
  EXPECT_THAT(lines[2], ::testing::MatchesRegex("wiki-1 +stopped +- +- +- +- +- +1h ago"));
  EXPECT_THAT(lines[3],
              ::testing::MatchesRegex("wiki-2 +unknown +0.00 +1 KiB / 2 KiB .50%. .*10m ago"));
  printed_.clear();
  EXPECT_THAT(run(stats(*session_, {})), IsOk());
  EXPECT_THAT(printed_.at(0), AllOf(HasSubstr("db "), HasSubstr("wiki-2")));
  EXPECT_THAT(run(stats(*session_, places({"configmaps"}))), Fails(ErrorClass::invalid));
}

TEST_F(Containers, LogsOfOneAreAsTheyAreAndOfSeveralSayWhose) {
  put_replica("wiki-0", "{}");
  pods_.logs["/api/v1/namespaces/default/pods/wiki-0/log"] = "one\n\ntwo";
  pods_.logs["/api/v1/namespaces/default/pods/wiki-1/log"] = "three\n";
  LogOptions options;
  options.tail = 5;
  options.since = 90s;
  EXPECT_THAT(logs("app/wiki", options), IsOk());
  EXPECT_EQ(out_, "one\n\ntwo");
  EXPECT_THAT(pods_.asked, ElementsAre("/api/v1/namespaces/default/pods/wiki-0/log"
                                       "?tailLines=5&sinceSeconds=90"));
  put_replica("wiki-1", "{}");
  out_.clear();
  EXPECT_THAT(logs("app/wiki"), IsOk());
  EXPECT_EQ(out_, "[wiki-0] one\n[wiki-0] \n[wiki-0] two\n[wiki-1] three\n");
  options.follow = true;
  EXPECT_THAT(logs("machine/wiki-1", options), IsOk());
  EXPECT_THAT(pods_.asked.back(), HasSubstr("?follow=true&"));
  EXPECT_THAT(noted_, ElementsAre("the log of wiki-1 has ended"));
}

TEST_F(Containers, LogsKeepTheWordsOfARefusal) {
  put_replica("wiki-0", "{}");
  pods_.status = 403;
  pods_.logs["/api/v1/namespaces/default/pods/wiki-0/log"] = R"({"message":"may not"})";
  EXPECT_THAT(logs("machine/wiki-0"), Fails(ErrorClass::permission, "wiki-0: may not"));
  EXPECT_EQ(out_, "");
  EXPECT_THAT(logs("machine/none"), Fails(ErrorClass::not_found));
}

TEST_F(Containers, ExecTellsOutputAndExitCode) {
  put_replica("wiki-0", "{}");
  pods_.status = 101;
  pods_.said = frame('\1', "out") + frame('\2', "err") +
               frame('\3', R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[
                   {"reason":"ExitCode","message":"7"}]}})");
  const auto exit = exec("app/wiki", "typed");
  ASSERT_THAT(exit, IsOk());
  EXPECT_EQ(*exit, 7);
  EXPECT_EQ(out_, "out");
  EXPECT_EQ(err_, "err");
  EXPECT_THAT(pods_.asked,
              ElementsAre("/api/v1/namespaces/default/pods/wiki-0/exec?command=sh&command=-c"
                          "&command=a%20b&stdout=true&stderr=true&stdin=true"));
  http::websocket::FrameReader reader(1000);
  reader.feed(pods_.heard);
  EXPECT_EQ((**reader.next()).payload, std::string("\0typed", 6));
  EXPECT_EQ((**reader.next()).payload, std::string("\xff\0", 2));
  pods_.said = frame('\3', R"({"metadata":{},"status":"Success"})");
  EXPECT_EQ(*exec("machine/wiki-0"), 0);
}

TEST_F(Containers, ExecTellsWhatKeptItFromRunning) {
  put_replica("wiki-0", "{}");
  pods_.status = 101;
  pods_.said = frame('\3', R"({"status":"Failure","message":"standard input is too long"})");
  EXPECT_THAT(exec("machine/wiki-0"), Fails(ErrorClass::remote, HasSubstr("too long")));
  pods_.said = frame('\1', "half of i");
  const auto cut = exec("machine/wiki-0");
  EXPECT_THAT(cut, Fails(ErrorClass::transport, HasSubstr("before the command")));
  EXPECT_TRUE(could_not_ask(cut.status()));
  pods_.status = 403;
  pods_.said = R"({"message":"may not"})";
  EXPECT_THAT(exec("machine/wiki-0"), Fails(ErrorClass::permission, "may not"));
  put_replica("wiki-1", "{}");
  EXPECT_THAT(exec("app/wiki"),
              Fails(ErrorClass::invalid, HasSubstr("machine/wiki-0, machine/wiki-1")));
}

}  // namespace
}  // namespace gantry::ctl
