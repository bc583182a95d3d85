#!/usr/bin/env python3
"""Holds awaits.py against the forms that corrupt memory under g++ 12, and against safe ones."""
import sys
import awaits

BAD = {
    'aggregate': 'co_await f({.a = 1});',
    'named aggregate': 'co_await f(Options{1, "x"});',
    'captured by value': 'co_await run([name] { return name; });',
    'conditional': 'auto x = co_await f(ok ? a : b);',
    'initializer list': 'co_await f(std::vector<int>{1, 2});',
    'bare if': 'if (co_await stopping()) co_return cancelled();',
    'bare negated if': 'if (!co_await stopping()) { go(); }',
    'bare while': 'while (co_await more()) { go(); }',
    'default argument': 'Async<Status> f(Options o = {}) ;',
}
GOOD = {
    'names': 'auto x = co_await f(a, b);',
    'constructor': 'co_await f(Options(1, 2));',
    'captured by reference': 'co_await run([&] { return name; });',
    'if with a declaration': 'if (auto r = co_await f(); r.ok()) { go(); }',
    'body of a condition': 'if (ok) { co_await f(); }',
    'braces in a string': 'co_await f("{}");',
    'comment': 'co_await f(a);  // {.a = 1}',
    'lambda that awaits inside': 'auto body = [x]() -> Async<int> { co_return co_await f(x); };',
    'range for': 'for (const auto& x : xs) { co_await f(x); }',
}


def main():
    failed = [f'missed: {name}' for name, code in BAD.items()
              if not list(awaits.check('void g() {\n' + code + '\n}\n'))]
    failed += [f'false alarm: {name}: {found}' for name, code in GOOD.items()
               if (found := list(awaits.check('void g() {\n' + code + '\n}\n')))]
    for line in failed:
        print(line)
    print(f'{len(BAD) + len(GOOD) - len(failed)} passed, {len(failed)} failed')
    sys.exit(bool(failed))


if __name__ == '__main__':
    main()
