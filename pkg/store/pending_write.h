#pragma once
// PendingWrite: a client's write from its arrival to its answer.
#include "pkg/async/event.h"
#include "pkg/base/random.h"
#include "pkg/store/backend.h"
#include "pkg/store/cache.h"

namespace gantry::store {

struct PendingWrite {
  enum class Verb { create, update, remove };
  Verb verb = Verb::create;
  Key key;  // the name is still empty when it is to be generated
  Json object;
  Part part = Part::main;
  Removal removal;
  int attempts = 0;

  std::optional<Result<ObjectPtr>> answer;
  async::Event answered;

  void finish(Result<ObjectPtr> result) {
    answer.emplace(std::move(result));
    answered.set();
  }
};

// What a pending write comes to, given the cache: an answer at once (refused, or nothing to
// change), or a row to write and the object that it holds.
struct Judgement {
  std::optional<Result<ObjectPtr>> answer;
  Write write;
  Json value;
};

Judgement judge(const PendingWrite& pending, const Cache& cache, Time now, Random& random);

}  // namespace gantry::store
