#include "pkg/base/log.h"
#include "pkg/store/postgres/commit.h"

namespace gantry::store::postgres {
namespace {

constexpr int kFetch = 2000;      // rows of a load at a time
constexpr int kWaitsPerTrim = 4;  // a wait is at most the store's poll interval

constexpr Statement kChanges{
    "changes_since",
    "SELECT m.revision, m.trimmed_to, c.revision, c.type, c.resource, c.ns, c.name, c.uid, c.body "
    "FROM gantry.meta m LEFT JOIN LATERAL (SELECT * FROM gantry.changes WHERE revision > $1 "
    "ORDER BY revision LIMIT $2) c ON true ORDER BY c.revision"};

// As many as fit into about 4 MiB, but at least one.
constexpr Statement kChangesOf{
    "changes_of",
    "SELECT m.revision, m.trimmed_to, c.revision, c.type, c.resource, c.ns, c.name, c.uid, c.body, "
    "c.previous_revision, c.previous "
    "FROM gantry.meta m LEFT JOIN LATERAL (SELECT *, sum(octet_length(body) + "
    "coalesce(octet_length(previous), 0)) OVER (ORDER BY revision) - octet_length(body) - "
    "coalesce(octet_length(previous), 0) AS before "
    "FROM (SELECT * FROM gantry.changes WHERE revision > $1 AND resource = $3 "
    "ORDER BY revision LIMIT $2) AS newest) c ON c.before < 4194304 ORDER BY c.revision"};

Result<Loaded> load_all(Session& session) {
  pqxx::work transaction(session.connection());
  transaction.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  const auto meta = transaction.exec("SELECT revision, trimmed_to FROM gantry.meta");
  Loaded loaded;
  loaded.revision = meta[0][0].as<int64_t>();
  loaded.oldest_change = meta[0][1].as<int64_t>() + 1;
  const auto newest = transaction.exec(
      "SELECT revision, type, resource, ns, name, uid, body FROM gantry.changes "
      "ORDER BY revision DESC LIMIT 1");
  if (!newest.empty()) loaded.newest = entry_of(newest[0], 0);
  transaction.exec(
      "DECLARE everything NO SCROLL CURSOR FOR SELECT revision, 'p', resource, ns, "
      "name, uid, body FROM gantry.objects");
  const auto fetch = "FETCH " + std::to_string(kFetch) + " FROM everything";
  while (true) {
    const auto rows = transaction.exec(fetch);
    for (const auto& row : rows) loaded.objects.push_back(entry_of(row, 0));
    if (rows.size() < kFetch) return loaded;
  }
}

// Whether the feed goes on after `revision`; `meta` begins with the counter and trimmed_to.
Status check_reach(const pqxx::result& meta, int64_t revision) {
  if (meta.empty()) return error(ErrorClass::schema, "gantry.meta has no row");
  const auto newest = meta[0][0].as<int64_t>();
  const auto trimmed_to = meta[0][1].as<int64_t>();
  if (revision > newest)
    return expired(
        absl::StrFormat("the database is at revision %d, older than %d: was a backup "
                        "restored?",
                        newest, revision));
  if (revision < trimmed_to)
    return expired(absl::StrFormat("changes up to revision %d are gone", trimmed_to));
  return {};
}

Result<std::vector<FeedEntry>> read_changes(Session& session, int64_t revision, int limit) {
  pqxx::work transaction(session.connection());
  const auto rows = session.exec(transaction, kChanges, revision, limit);
  GANTRY_TRY(check_reach(rows, revision));
  std::vector<FeedEntry> entries;
  for (const auto& row : rows)
    if (!row[2].is_null()) entries.push_back(entry_of(row, 2));
  return entries;
}

Result<FeedPart> read_changes_of(Session& session, const Resource& resource, int64_t revision,
                                 int limit) {
  pqxx::work transaction(session.connection());
  const auto rows = session.exec(transaction, kChangesOf, revision, limit, resource);
  GANTRY_TRY(check_reach(rows, revision));
  FeedPart part;
  part.through = rows[0][0].as<int64_t>();
  for (const auto& row : rows) {
    if (row[2].is_null()) continue;
    part.entries.push_back(entry_of(row, 2));
    part.through = part.entries.back().revision;
    if (row[9].is_null()) continue;
    part.entries.back().previous_revision = row[9].as<int64_t>();
    part.entries.back().previous.assign(row[10].c_str(), row[10].size());
  }
  return part;
}

}  // namespace

Async<Result<Answers>> BackendDoor::commit(std::vector<Write> writes) {
  auto shared = std::make_shared<const std::vector<Write>>(std::move(writes));
  auto work = [shared, fence = link_.fence, sender = link_.sender,
               partition = retention_.partition_changes](Session& session) {
    return commit_group(session, *shared, fence, sender, partition);
  };
  auto answers = co_await run_in(link_.sessions, link_.pool, "commit", work);
  if (answers.ok())
    for (const auto& answer : *answers)
      if (answer.ok()) link_.listener->raise_known(*answer);
  co_return answers;
}

Async<Result<Loaded>> BackendDoor::load() {
  const auto connects = link_.listener->connects();
  auto work = [](Session& session) { return load_all(session); };
  auto loaded = co_await run_in(link_.sessions, link_.pool, "load", work);
  if (!loaded.ok()) co_return loaded.status();
  link_.listener->set_known(loaded->revision);
  link_.listener->mark_read(connects);
  co_return loaded;
}

Async<Result<std::vector<FeedEntry>>> BackendDoor::changes_since(int64_t revision, int limit) {
  const auto connects = link_.listener->connects();
  auto work = [revision, limit](Session& session) {
    return read_changes(session, revision, limit);
  };
  auto entries = co_await run_in(link_.sessions, link_.pool, "read the feed", work);
  if (!entries.ok()) co_return entries.status();
  if (!entries->empty()) link_.listener->raise_known(entries->back().revision);
  link_.listener->mark_read(connects);
  co_return entries;
}

Async<Result<FeedPart>> BackendDoor::changes_of(Resource resource, int64_t revision, int limit) {
  auto work = [resource, revision, limit](Session& session) {
    return read_changes_of(session, resource, revision, limit);
  };
  co_return co_await run_in(link_.sessions, link_.pool, "read old changes", work);
}

Async<Result<int64_t>> BackendDoor::rewrite(Resource resource, Rewrite rewrite) {
  auto work = [resource = std::move(resource), rewrite = std::move(rewrite), fence = link_.fence](
                  Session& session) { return rewrite_texts(session, resource, rewrite, fence); };
  co_return co_await run_in(link_.sessions, link_.pool, "rewrite texts", work);
}

Async<Status> BackendDoor::trim() {
  while (true) {
    auto work = [retention = retention_](Session& session) {
      return drop_oldest_partition(session, retention);
    };
    const auto dropped = co_await run_in(link_.sessions, link_.pool, "trim the feed", work);
    if (!dropped.ok()) co_return dropped.status();
    if (!*dropped) co_return Status();
  }
}

Async<Status> BackendDoor::wait_for_change(Duration timeout) {
  if (waits_++ % kWaitsPerTrim == 0) {
    const Status trimmed = co_await trim();
    if (!trimmed.ok() && error_class(trimmed) == ErrorClass::transport) co_return trimmed;
    if (!trimmed.ok()) log::warn("the feed was not trimmed", {{"error", trimmed}});
  }
  auto job = [listener = link_.listener, timeout] { return listener->wait(timeout); };
  co_return co_await link_.pool.run(std::move(job));
}

}  // namespace gantry::store::postgres
