#pragma once
// Async<T>: a coroutine that yields a T. Interfaces expose this and nothing else of Asio.
//
// Rules (g++ 12 destroys some temporaries twice): in a statement that says co_await pass names,
// calls and constructors; never braces, capturing lambdas or ?:. Nor may co_await itself be a bare
// condition: `if (co_await f())` resumes in the wrong place; name the bool first. Parameters are
// taken by value or refer to objects that outlive the coroutine. Every coroutine runs in a Group.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "pkg/base/status.h"
#include "pkg/base/time.h"

namespace gantry {

namespace asio = boost::asio;

template <class T>
using Async = asio::awaitable<T>;

using Executor = asio::any_io_executor;

namespace async {

// The Status that every wait returns once the calling coroutine has been cancelled.
inline Status cancelled() {
  return make_error(ErrorClass::cancelled, "cancelled");
}

// True once the calling coroutine has been asked to stop. Asio signals only once; this is the
// level to look at before starting anything new.
Async<bool> is_cancelled();

// Lets everything else that is ready run first.
Async<void> yield();

}  // namespace async
}  // namespace gantry
