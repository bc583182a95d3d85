#include "pkg/apiserver/watch/watch.h"

#include "api/kinds.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

// A store whose watches end with one status, either at once or at their first change.
class EndingStore final : public store::Store {
 public:
  EndingStore(Status end, bool at_once) : end_(std::move(end)), at_once_(at_once) {}

  Async<Result<store::ObjectPtr>> create(store::Resource, Json) override { co_return end_; }
  Async<Result<store::ObjectPtr>> update(store::Resource, store::Part, Json) override {
    co_return end_;
  }
  Async<Result<store::ObjectPtr>> remove(store::Key, store::Removal) override { co_return end_; }
  Async<Status> sync() override { co_return end_; }
  Result<store::ObjectPtr> get(const store::Key&) const override { return end_; }
  store::List list(const store::Resource&, const std::string&) const override { return {}; }
  Result<std::unique_ptr<store::Watch>> watch(const store::Resource&, const std::string&,
                                              int64_t) override {
    if (at_once_) return end_;
    return std::unique_ptr<store::Watch>(std::make_unique<EndingWatch>(end_));
  }
  int64_t revision() const override { return 1; }
  Status health() const override { return end_; }

 private:
  struct EndingWatch final : store::Watch {
    explicit EndingWatch(Status status) : end(std::move(status)) {}
    Async<Result<std::vector<store::Change>>> next() override { co_return end; }
    int64_t revision() const override { return 1; }
    Status end;
  };
  Status end_;
  bool at_once_;
};

struct Collected final : http::ResponseStream {
  Async<Status> start(http::Response) override { co_return Status(); }
  Async<Status> write(std::string chunk) override {
    text += chunk;
    co_return Status();
  }
  std::string text;
};

// The one event of a watch on such a store: "ERROR 410 Expired".
std::string told(const Status& end, bool at_once) {
  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1'800'000'000)};
  EndingStore store(end, at_once);
  Collected stream;
  RequestInfo info;
  auto served =
      serve_watch(store, *api::find_by_resource("configmaps"), info, Accepted(), clock, stream);
  EXPECT_FALSE(loop.block_on(clock, std::move(served)).has_value());
  const auto event = schema::parse_json(stream.text);
  if (!event.ok()) return stream.text;
  const auto* object = event->find("object");
  return event->string_or("type", "") + " " + std::to_string(object->integer_or("code", 0)) + " " +
         object->string_or("reason", "");
}

TEST(Watch, OnlyWhatHasExpiredIsToldSo) {
  for (const bool at_once : {true, false}) {
    EXPECT_EQ(told(store::expired("revision 3"), at_once), "ERROR 410 Expired");
    EXPECT_EQ(told(make_error(ErrorClass::transport, "the database is away"), at_once),
              "ERROR 503 ServiceUnavailable");
    EXPECT_EQ(told(make_error(ErrorClass::internal, "a bug"), at_once), "ERROR 500 InternalError");
  }
}

}  // namespace
}  // namespace gantry::apiserver
