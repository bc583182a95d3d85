#include "pkg/store/sealed/sealed.h"

#include <atomic>

namespace gantry::store {
namespace {

// No JSON object begins so.
constexpr std::string_view kMark = "sealed:";

bool is_sealed(std::string_view text) {
  return text.starts_with(kMark);
}

std::string context_of(const Key& key, const Uid& uid) {
  return key.resource + "/" + key.ns + "/" + key.name + "/" + uid.get();
}

Result<std::string> seal_text(const crypto::Sealer& sealer, Random& random, const Key& key,
                              const Uid& uid, const std::string& text) {
  GANTRY_TRY_ASSIGN(const auto sealed, sealer.seal(random, text, context_of(key, uid)));
  return std::string(kMark) + sealed;
}

Result<std::string> open_text(const crypto::Sealer& sealer, const FeedEntry& entry,
                              const std::string& text) {
  const auto sealed = std::string_view(text).substr(kMark.size());
  auto opened = sealer.open(sealed, context_of(entry.key, entry.uid));
  if (opened.ok()) return opened;
  return annotate(opened.status(), to_string(entry.key) +
                                       " cannot be opened with the sealing keys; restore the key "
                                       "file that it was sealed with");
}

}  // namespace

Status SealedBackend::open(FeedEntry& entry) const {
  if (!seals(entry.key)) return {};
  for (auto* text : {&entry.text, &entry.previous}) {
    if (!is_sealed(*text)) continue;
    GANTRY_TRY_ASSIGN(*text, open_text(sealer_, entry, *text));
  }
  return {};
}

Async<Result<std::vector<Result<int64_t>>>> SealedBackend::commit(std::vector<Write> writes) {
  for (auto& write : writes) {
    if (!seals(write.key)) continue;
    GANTRY_CO_TRY_ASSIGN(write.text, seal_text(sealer_, random_, write.key, write.uid, write.text));
  }
  co_return co_await inner_.commit(std::move(writes));
}

Async<Result<Loaded>> SealedBackend::load() {
  auto loaded = co_await inner_.load();
  if (!loaded.ok()) co_return loaded;
  for (auto& entry : loaded->objects) GANTRY_CO_TRY(open(entry));
  // What was erased is nobody's any more: that its key is lost keeps nobody from the rest.
  if (loaded->newest && !open(*loaded->newest).ok()) loaded->newest.reset();
  co_return loaded;
}

Async<Result<std::vector<FeedEntry>>> SealedBackend::changes_since(int64_t revision, int limit) {
  auto entries = co_await inner_.changes_since(revision, limit);
  if (!entries.ok()) co_return entries;
  for (auto& entry : *entries) GANTRY_CO_TRY(open(entry));
  co_return entries;
}

Async<Result<FeedPart>> SealedBackend::changes_of(Resource resource, int64_t revision, int limit) {
  auto part = co_await inner_.changes_of(std::move(resource), revision, limit);
  if (!part.ok()) co_return part;
  for (auto& entry : part->entries) GANTRY_CO_TRY(open(entry));
  co_return part;
}

Async<Status> SealedBackend::wait_for_change(Duration timeout) {
  return inner_.wait_for_change(timeout);
}

Async<Result<int64_t>> SealedBackend::rewrite(Resource resource, Rewrite rewrite) {
  return inner_.rewrite(std::move(resource), std::move(rewrite));
}

Async<Result<int64_t>> SealedBackend::seal_all() {
  int64_t count = 0;
  for (const auto& resource : resources_) {
    const auto sealer = std::make_shared<crypto::Sealer>(sealer_);
    Rewrite anew =
        [sealer, random = &random_](const FeedEntry& entry) -> Result<std::optional<std::string>> {
      std::string plain = entry.text;
      if (is_sealed(entry.text)) {
        if (!sealer->is_stale(std::string_view(entry.text).substr(kMark.size())))
          return std::optional<std::string>();
        GANTRY_TRY_ASSIGN(plain, open_text(*sealer, entry, entry.text));
      }
      GANTRY_TRY_ASSIGN(auto sealed, seal_text(*sealer, *random, entry.key, entry.uid, plain));
      return std::optional<std::string>(std::move(sealed));
    };
    GANTRY_CO_TRY_ASSIGN(const int64_t changed, co_await inner_.rewrite(resource, std::move(anew)));
    count += changed;
  }
  co_return count;
}

Async<Result<bool>> holds_sealed(Backend& backend, Resource resource) {
  const auto found = std::make_shared<std::atomic<bool>>(false);
  Rewrite look = [found](const FeedEntry& entry) -> Result<std::optional<std::string>> {
    if (is_sealed(entry.text)) *found = true;
    return std::optional<std::string>();
  };
  const auto seen = co_await backend.rewrite(std::move(resource), std::move(look));
  if (!seen.ok()) co_return seen.status();
  co_return found->load();
}

}  // namespace gantry::store
