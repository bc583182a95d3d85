#pragma once
// CachedStore: the Store over any Backend.
//
// Two coroutines: the writer takes what has queued up, judges it against the cache and commits it
// as one transaction; the follower brings in what other processes wrote, and after the database was
// gone it brings the cache up to the truth before writes are taken again. The cache moves only
// along the dense sequence of revisions, so own and foreign changes come once each and in order.
#include <deque>
#include <memory>

#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/async/group.h"
#include "pkg/base/random.h"
#include "pkg/store/cached_reader.h"
#include "pkg/store/pending_write.h"

namespace gantry::store {

struct CachedStoreOptions {
  size_t batch_max = 256;            // writes in one transaction
  size_t batch_bytes_max = 4 << 20;  // and their JSON
  size_t queue_max = 4096;           // writes that wait; Overload beyond
  WindowLimits window;               // what watches can go back to
  Duration commit_timeout = std::chrono::seconds(10);
  Duration load_timeout = std::chrono::seconds(60);
  Duration poll_interval = std::chrono::seconds(30);  // when no notification comes
  Duration retry_after = std::chrono::seconds(5);     // told to writers while the database is gone
  Duration reconnect_min = std::chrono::milliseconds(200);
  Duration reconnect_max = std::chrono::seconds(5);
};

// start() before use, stop() before destruction. All calls from the executor's thread.
class CachedStore final : public Store {
 public:
  CachedStore(Executor executor, Backend& backend, async::Clock& clock, Random& random,
              CachedStoreOptions options = {});
  ~CachedStore() override;

  // Loads everything. Errors as Backend::load(); may be called again after an error.
  Async<Status> start();
  // Commits what is queued (at most commit_timeout), refuses what comes, ends all watches.
  Async<Status> stop();
  // Ends at once, as a crash would: whether queued writes happened is unknown to their writers.
  Async<Status> abandon();

  Async<Result<ObjectPtr>> create(Resource resource, Json object) override;
  Async<Result<ObjectPtr>> update(Resource resource, Part part, Json object) override;
  Async<Result<ObjectPtr>> remove(Key key, Removal removal) override;
  Async<Status> sync() override;
  Result<ObjectPtr> get(const Key& key) const override;
  List list(const Resource& resource, const std::string& ns) const override;
  Result<std::unique_ptr<Watch>> watch(const Resource& resource, const std::string& ns,
                                       int64_t revision) override;
  Reader& reader() override { return reader_; }
  int64_t revision() const override { return cache_->revision(); }
  Status health() const override;

  size_t queued() const { return queue_.size(); }

 private:
  using PendingPtr = std::shared_ptr<PendingWrite>;
  // A write that is being committed, and what its object will be.
  struct Committing {
    PendingPtr pending;
    Write write;
    Json value;
    ObjectPtr stored;  // once the answer or the feed has told its revision
  };
  using Batch = std::vector<Committing>;

  Async<Result<ObjectPtr>> submit(PendingPtr pending);
  Async<Status> write_forever();
  Batch take_batch();
  Async<void> commit(Batch batch);
  Async<void> commit_one_by_one(Batch batch);
  Async<Result<std::vector<Result<int64_t>>>> send(const Batch& batch);
  Async<void> settle(Batch& batch, std::vector<Result<int64_t>> revisions);
  void judge_again(std::vector<PendingPtr> stale);
  void refuse(const Batch& batch, const Status& why);

  Async<Status> follow_forever();
  Async<Status> recover();
  Async<Status> try_to_write();
  Async<Status> catch_up();
  Async<Status> wait_for_change();
  Async<Status> read_feed();
  Result<RecordPtr> record_of(FeedEntry entry);
  Async<Status> reload();
  void lose_database(const Status& why);
  Status unavailable() const;
  // For a write that was sent: whether the database has it, nobody has said.
  Status unclear() const;
  bool gone() const { return gone_since_.has_value(); }

  Executor executor_;
  Backend& backend_;
  async::Clock& clock_;
  Random& random_;
  CachedStoreOptions options_;
  std::shared_ptr<Cache> cache_;
  CachedReader reader_;
  std::deque<PendingPtr> queue_;
  Batch* in_flight_ = nullptr;       // until its outcome is known and in the cache
  async::Event work_;                // the queue is not empty
  async::Event drained_;             // the queue is empty and nothing is being committed
  async::Semaphore catching_up_;     // one reader of the feed at a time
  async::Group* waiting_ = nullptr;  // the follower's wait for a change, while it waits
  std::optional<Time> gone_since_;
  Status gone_why_;
  Duration pause_;  // before the next attempt to reconnect
  bool started_ = false;
  bool stopping_ = false;
  async::Group group_;
};

}  // namespace gantry::store
