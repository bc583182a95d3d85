#include "pkg/store/postgres/commit.h"

#include <map>
#include <set>

#include "pkg/store/semantics.h"

namespace gantry::store::postgres {
namespace {

constexpr Statement kLockCounter{"lock_counter",
                                 "SELECT revision, partitioned_to FROM gantry.meta FOR UPDATE"};

constexpr Statement kCurrent{
    "current_revisions",
    "SELECT o.resource, o.ns, o.name, o.revision FROM gantry.objects o "
    "JOIN unnest($1::text[], $2::text[], $3::text[]) AS k(resource, ns, name) "
    "ON o.resource = k.resource AND o.ns = k.ns AND o.name = k.name"};

// `latest` marks the last write of its key in the group: the only one whose state stays. What was
// there before a change is the earlier write of the group, or else the row as it stands.
constexpr Statement kWrite{"write_group", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                       $7::text[], $8::bool[])
    AS i(revision, type, resource, ns, name, uid, body, latest)
), chained AS (
  SELECT *, lag(revision) OVER earlier AS before_revision, lag(type) OVER earlier AS before_type,
         lag(body) OVER earlier AS before_body
  FROM input WINDOW earlier AS (PARTITION BY resource, ns, name ORDER BY revision)
), feed AS (
  INSERT INTO gantry.changes (revision, type, resource, ns, name, uid, body, previous_revision,
                              previous)
  SELECT c.revision, c.type::"char", c.resource, c.ns, c.name, c.uid, c.body,
         CASE WHEN c.before_revision IS NULL THEN o.revision
              WHEN c.before_type = 'p' THEN c.before_revision END,
         CASE WHEN c.before_revision IS NULL THEN o.body
              WHEN c.before_type = 'p' THEN c.before_body END
  FROM chained c LEFT JOIN gantry.objects o
    ON o.resource = c.resource AND o.ns = c.ns AND o.name = c.name
), put AS (
  INSERT INTO gantry.objects (resource, ns, name, uid, revision, body)
  SELECT resource, ns, name, uid, revision, body FROM input WHERE latest AND type = 'p'
  ON CONFLICT (resource, ns, name) DO UPDATE
    SET uid = excluded.uid, revision = excluded.revision, body = excluded.body
), erased AS (
  DELETE FROM gantry.objects o USING input i
  WHERE i.latest AND i.type = 'e' AND o.resource = i.resource AND o.ns = i.ns AND o.name = i.name
), counter AS (
  UPDATE gantry.meta SET revision = $9
)
SELECT pg_notify('gantry_changes', $10)
)sql"};

using Revisions = std::map<Key, int64_t>;

// The columns of kWrite.
struct Columns {
  std::vector<int64_t> revision;
  std::vector<std::string> type, resource, ns, name, uid, body;

  void add(int64_t at, const Write& write) {
    revision.push_back(at);
    type.emplace_back(write.type == WriteType::put ? "p" : "e");
    resource.push_back(write.key.resource);
    ns.push_back(write.key.ns);
    name.push_back(write.key.name);
    uid.push_back(write.uid.get());
    body.push_back(write.text);
  }
};

Revisions current_revisions(Session& session, pqxx::work& transaction,
                            const std::vector<Write>& writes) {
  std::vector<std::string> resources, spaces, names;
  for (const auto& write : writes) {
    resources.push_back(write.key.resource);
    spaces.push_back(write.key.ns);
    names.push_back(write.key.name);
  }
  Revisions found;
  for (const auto& row : session.exec(transaction, kCurrent, text_array(resources),
                                      text_array(spaces), text_array(names)))
    found[Key{row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<std::string>()}] =
        row[3].as<int64_t>();
  return found;
}

// The compare of compare-and-set; on OK `rows` is what it will be after the write.
Status check(const Write& write, Revisions& rows, int64_t next) {
  const auto row = rows.find(write.key);
  const bool exists = row != rows.end();
  if (write.expected_revision == 0 && exists) return object_exists(write.key);
  if (write.expected_revision != 0 && !exists) return object_not_found(write.key);
  if (exists && row->second != write.expected_revision) return object_modified(write.key);
  if (write.type == WriteType::put)
    rows[write.key] = next;
  else
    rows.erase(write.key);
  return {};
}

std::vector<std::string> latest_marks(const Columns& columns) {
  std::vector<std::string> marks(columns.name.size(), "f");
  std::set<Key> seen;
  for (size_t i = marks.size(); i-- > 0;)
    if (seen.insert(Key{columns.resource[i], columns.ns[i], columns.name[i]}).second)
      marks[i] = "t";
  return marks;
}

}  // namespace

FeedEntry entry_of(const pqxx::row& row, int first) {
  const auto text = [&](int column) {
    const auto field = row[first + column];
    return std::string(field.c_str(), field.size());
  };
  FeedEntry entry;
  entry.revision = row[first].as<int64_t>();
  entry.type = text(1) == "e" ? WriteType::erase : WriteType::put;
  entry.key = Key{text(2), text(3), text(4)};
  entry.uid = Uid(text(5));
  entry.text = text(6);
  return entry;
}

Status check_fence(Session& session, pqxx::work& transaction, const Fence& fence) {
  if (fence.name.empty()) return {};
  // FOR SHARE: nobody takes the lease between this check and our commit.
  static constexpr Statement kCheck{
      "check_fence", "SELECT epoch, holder FROM gantry.leases WHERE name = $1 FOR SHARE"};
  const auto rows = session.exec(transaction, kCheck, fence.name);
  if (rows.empty() || rows[0][0].as<int64_t>() == fence.epoch) return {};
  return error(ErrorClass::held, "lease %s: epoch %d is over, %s holds epoch %d; not written",
               fence.name, fence.epoch, rows[0][1].as<std::string>(), rows[0][0].as<int64_t>());
}

Result<Answers> commit_group(Session& session, const std::vector<Write>& writes, const Fence& fence,
                             const std::string& sender, int64_t partition_changes) {
  pqxx::work transaction(session.connection());
  const auto counter = session.exec(transaction, kLockCounter);
  auto revision = counter[0][0].as<int64_t>();
  GANTRY_TRY(check_fence(session, transaction, fence));
  auto rows = current_revisions(session, transaction, writes);
  Answers answers;
  Columns columns;
  for (const auto& write : writes) {
    const Status passed = check(write, rows, revision + 1);
    if (passed.ok()) columns.add(++revision, write);
    answers.push_back(passed.ok() ? Result<int64_t>(revision) : Result<int64_t>(passed));
  }
  if (columns.revision.empty()) return answers;
  make_partitions(transaction, counter[0][1].as<int64_t>(), revision, partition_changes);
  const auto note = sender + ":" + std::to_string(revision);
  session.exec(transaction, kWrite, number_array(columns.revision), text_array(columns.type),
               text_array(columns.resource), text_array(columns.ns), text_array(columns.name),
               text_array(columns.uid), text_array(columns.body), text_array(latest_marks(columns)),
               revision, note);
  transaction.commit();
  return answers;
}

}  // namespace gantry::store::postgres
