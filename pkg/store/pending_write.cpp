#include "pkg/store/pending_write.h"

#include "pkg/store/object.h"
#include "pkg/store/semantics.h"

namespace gantry::store {
namespace {

constexpr int kNameTries = 8;  // as the Kubernetes API server

Judgement answer_with(Result<ObjectPtr> answer) {
  Judgement judgement;
  judgement.answer.emplace(std::move(answer));
  return judgement;
}

Judgement write_next(const ObjectPtr& current, Next next) {
  if (!next.changed && !next.erased) return answer_with(current);
  Judgement judgement;
  judgement.write.type = next.erased ? WriteType::erase : WriteType::put;
  judgement.write.key = current->key;
  judgement.write.uid = current->uid;
  judgement.write.expected_revision = current->revision;
  judgement.write.text = stored_text(next.value);
  judgement.value = std::move(next.value);
  return judgement;
}

Key free_name(const PendingWrite& pending, const Cache& cache, Random& random) {
  Key key = pending.key;
  const auto prefix = metadata_text(pending.object, "generateName");
  if (!key.name.empty() || prefix.empty()) return key;
  for (int i = 0; i < kNameTries; ++i) {
    key.name = generated_name(prefix, random);
    if (!cache.record(key)) break;
  }
  return key;
}

Judgement judge_create(const PendingWrite& pending, const Cache& cache, Time now, Random& random) {
  const auto key = free_name(pending, cache, random);
  const auto uid = random.uuid();
  auto value = prepare_create(key, pending.object, uid, now);
  if (!value.ok()) return answer_with(value.status());
  if (cache.record(key)) return answer_with(object_exists(key));
  Judgement judgement;
  judgement.write.key = key;
  judgement.write.uid = uid;
  judgement.write.text = stored_text(*value);
  judgement.value = *std::move(value);
  return judgement;
}

}  // namespace

Judgement judge(const PendingWrite& pending, const Cache& cache, Time now, Random& random) {
  if (pending.verb == PendingWrite::Verb::create) return judge_create(pending, cache, now, random);
  const auto current = cache.find(pending.key);
  if (!current) return answer_with(object_not_found(pending.key));
  auto next = pending.verb == PendingWrite::Verb::update
                  ? prepare_update(*current, pending.part, pending.object)
                  : prepare_remove(*current, pending.removal, now);
  if (!next.ok()) return answer_with(next.status());
  return write_next(current, *std::move(next));
}

}  // namespace gantry::store
