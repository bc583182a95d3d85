// Texts in place: for sealing anew what was sealed otherwise, or not at all.
#include "pkg/store/postgres/commit.h"

namespace gantry::store::postgres {
namespace {

// Rows are read and written a portion at a time, in one transaction.
constexpr int kPortion = 500;

struct Table {
  Statement read;  // after a revision
  Statement write;
};

// The revision is unique in both, and tells where the next portion begins.
constexpr Table kObjectsTable{
    {"read_objects_of",
     "SELECT revision, 'p', resource, ns, name, uid, body, NULL FROM gantry.objects "
     "WHERE resource = $1 AND revision > $2 ORDER BY revision LIMIT $3"},
    {"rewrite_objects",
     "UPDATE gantry.objects o SET body = i.body FROM unnest($1::bigint[], $2::text[], $3::text[]) "
     "AS i(revision, body, previous) WHERE o.revision = i.revision AND o.resource = $4"}};
constexpr Table kChangesTable{
    {"read_changes_of",
     "SELECT revision, type, resource, ns, name, uid, body, previous FROM gantry.changes "
     "WHERE resource = $1 AND revision > $2 ORDER BY revision LIMIT $3"},
    {"rewrite_changes",
     "UPDATE gantry.changes c SET body = i.body, "
     "previous = CASE WHEN c.previous IS NULL THEN NULL ELSE i.previous END "
     "FROM unnest($1::bigint[], $2::text[], $3::text[]) AS i(revision, body, previous) "
     "WHERE c.revision = i.revision AND c.resource = $4"}};

struct Rewriter {
  const Rewrite& rewrite;
  int64_t count = 0;
  std::vector<int64_t> revisions;
  std::vector<std::string> texts, previous;

  // Whether the text is another one now.
  Result<bool> change(FeedEntry entry, std::string& text) {
    if (text.empty()) return false;
    entry.text = text;
    GANTRY_TRY_ASSIGN(auto next, rewrite(entry));
    if (!next) return false;
    text = *std::move(next);
    ++count;
    return true;
  }
  Status take(const pqxx::row& row) {
    const auto entry = entry_of(row, 0);
    std::string text = entry.text;
    std::string before = row[7].is_null() ? std::string() : row[7].as<std::string>();
    GANTRY_TRY_ASSIGN(const bool text_changed, change(entry, text));
    GANTRY_TRY_ASSIGN(const bool before_changed, change(entry, before));
    if (!text_changed && !before_changed) return {};
    revisions.push_back(entry.revision);
    texts.push_back(std::move(text));
    previous.push_back(std::move(before));
    return {};
  }
};

Result<int64_t> rewrite_table(Session& session, pqxx::work& transaction, const Table& table,
                              const Resource& resource, const Rewrite& rewrite) {
  int64_t total = 0, after = 0;
  while (true) {
    const auto rows = session.exec(transaction, table.read, resource, after, kPortion);
    Rewriter rewriter{rewrite, 0, {}, {}, {}};
    for (const auto& row : rows) GANTRY_TRY(rewriter.take(row));
    if (!rewriter.texts.empty())
      session.exec(transaction, table.write, number_array(rewriter.revisions),
                   text_array(rewriter.texts), text_array(rewriter.previous), resource);
    total += rewriter.count;
    if (rows.size() < kPortion) return total;
    after = rows.back()[0].as<int64_t>();
  }
}

}  // namespace

Result<int64_t> rewrite_texts(Session& session, const Resource& resource, const Rewrite& rewrite,
                              const Fence& fence) {
  pqxx::work transaction(session.connection());
  // The counter's lock: no commit comes in between.
  transaction.exec("SELECT 1 FROM gantry.meta FOR UPDATE");
  GANTRY_TRY(check_fence(session, transaction, fence));
  GANTRY_TRY_ASSIGN(const auto objects,
                    rewrite_table(session, transaction, kObjectsTable, resource, rewrite));
  GANTRY_TRY_ASSIGN(const auto changes,
                    rewrite_table(session, transaction, kChangesTable, resource, rewrite));
  transaction.commit();
  return objects + changes;
}

}  // namespace gantry::store::postgres
