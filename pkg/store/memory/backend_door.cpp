#include "pkg/store/memory/doors.h"
#include "pkg/store/semantics.h"

namespace gantry::store::memory {

Result<int64_t> Database::BackendDoor::apply(const Write& write) {
  auto& image = disk_.image;
  const auto row = image.objects.find(write.key);
  const bool exists = row != image.objects.end();
  if (write.expected_revision == 0 && exists) return object_exists(write.key);
  if (write.expected_revision != 0 && !exists) return object_not_found(write.key);
  if (exists && row->second.revision != write.expected_revision) return object_modified(write.key);
  const auto revision = ++image.revision;
  FeedEntry entry;
  entry.revision = revision;
  entry.type = write.type;
  entry.key = write.key;
  entry.uid = write.uid;
  entry.text = write.text;
  if (exists) {
    entry.previous_revision = row->second.revision;
    entry.previous = row->second.text;
  }
  image.feed.push_back(std::move(entry));
  if (write.type == WriteType::put)
    image.objects[write.key] = Image::Row{write.uid, revision, write.text};
  else
    image.objects.erase(write.key);
  return revision;
}

Async<Result<std::vector<Result<int64_t>>>> Database::BackendDoor::commit(
    std::vector<Write> writes) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("commit"));
  GANTRY_CO_TRY(check_fence(disk_, fence_));
  const auto before = disk_.image.revision;
  std::vector<Result<int64_t>> answers;
  answers.reserve(writes.size());
  for (const auto& write : writes) answers.push_back(apply(write));
  const auto after = disk_.image.revision;
  if (after != before) disk_.changed.wake_all();
  GANTRY_CO_TRY(co_await disk_.leave(fault, "commit"));
  if (seen_ == before) seen_ = after;
  co_return answers;
}

Async<Result<Loaded>> Database::BackendDoor::load() {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("load"));
  Loaded loaded;
  for (const auto& [key, row] : disk_.image.objects)
    loaded.objects.push_back(
        FeedEntry{row.revision, WriteType::put, key, row.uid, row.text, 0, ""});
  loaded.revision = disk_.image.revision;
  loaded.oldest_change = disk_.image.trimmed_to + 1;
  if (!disk_.image.feed.empty()) loaded.newest = disk_.image.feed.back();
  GANTRY_CO_TRY(co_await disk_.leave(fault, "load"));
  seen_ = loaded.revision;
  co_return loaded;
}

// Where the feed goes on after `revision`.
Result<size_t> Database::BackendDoor::feed_after(int64_t revision) const {
  const auto& image = disk_.image;
  if (revision > image.revision)
    return expired(
        absl::StrFormat("the database is at revision %d, older than %d: was a backup "
                        "restored?",
                        image.revision, revision));
  if (revision < image.trimmed_to)
    return expired(absl::StrFormat("changes up to revision %d are gone", image.trimmed_to));
  return static_cast<size_t>(revision - image.trimmed_to);
}

Async<Result<std::vector<FeedEntry>>> Database::BackendDoor::changes_since(int64_t revision,
                                                                           int limit) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("changes_since"));
  GANTRY_CO_TRY_ASSIGN(const auto begin, feed_after(revision));
  const auto& feed = disk_.image.feed;
  const auto end = std::min(feed.size(), begin + static_cast<size_t>(limit));
  std::vector<FeedEntry> found(feed.begin() + static_cast<std::ptrdiff_t>(begin),
                               feed.begin() + static_cast<std::ptrdiff_t>(end));
  GANTRY_CO_TRY(co_await disk_.leave(fault, "changes_since"));
  if (!found.empty()) seen_ = found.back().revision;
  co_return found;
}

Async<Result<FeedPart>> Database::BackendDoor::changes_of(Resource resource, int64_t revision,
                                                          int limit) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("changes_of"));
  GANTRY_CO_TRY_ASSIGN(auto at, feed_after(revision));
  FeedPart part;
  const auto& feed = disk_.image.feed;
  for (; at < feed.size() && std::ssize(part.entries) < limit; ++at)
    if (feed[at].key.resource == resource) part.entries.push_back(feed[at]);
  part.through = at < feed.size() ? feed[at].revision - 1 : disk_.image.revision;
  GANTRY_CO_TRY(co_await disk_.leave(fault, "changes_of"));
  co_return part;
}

Async<Result<int64_t>> Database::BackendDoor::rewrite(Resource resource, Rewrite rewrite) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("rewrite"));
  GANTRY_CO_TRY(check_fence(disk_, fence_));
  Image next = disk_.image;
  int64_t count = 0;
  const auto change = [&](FeedEntry entry, const std::string& from, std::string& to) -> Status {
    if (from.empty()) return {};
    entry.text = from;
    GANTRY_TRY_ASSIGN(auto text, rewrite(entry));
    count += text ? 1 : 0;
    if (text) to = *std::move(text);
    return {};
  };
  for (auto& [key, row] : next.objects) {
    if (key.resource != resource) continue;
    FeedEntry entry;
    entry.revision = row.revision;
    entry.key = key;
    entry.uid = row.uid;
    GANTRY_CO_TRY(change(entry, std::string(row.text), row.text));
  }
  for (auto& entry : next.feed) {
    if (entry.key.resource != resource) continue;
    GANTRY_CO_TRY(change(entry, std::string(entry.text), entry.text));
    GANTRY_CO_TRY(change(entry, std::string(entry.previous), entry.previous));
  }
  disk_.image = std::move(next);
  GANTRY_CO_TRY(co_await disk_.leave(fault, "rewrite"));
  co_return count;
}

Async<Status> Database::BackendDoor::wait_for_change(Duration timeout) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("wait_for_change"));
  if (fault == Fault::lose_answer) co_return co_await disk_.leave(fault, "wait_for_change");
  const auto due = disk_.clock().steady() + timeout;
  while (disk_.image.revision == seen_) {
    const auto left = due - disk_.clock().steady();
    const Status woken = co_await disk_.changed.park_for(disk_.clock(), left);
    if (!woken.ok() && error_class(woken) == ErrorClass::timeout) break;
    GANTRY_CO_TRY(woken);
  }
  co_return Status();
}

}  // namespace gantry::store::memory
