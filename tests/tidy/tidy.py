#!/usr/bin/env python3
"""The house rules that a machine can check. Each rule has a reason and an allow-list.

Usage: tidy.py ROOT [FILE...]: checks the whole tree, or only these files.
"""
import pathlib
import re
import subprocess
import sys

import awaits

LAYERS = [  # design §3: a package may use lower layers only
    (0, ['pkg/base']),
    (1, ['pkg/async', 'pkg/schema', 'pkg/cel', 'pkg/crypto']),
    (2, ['pkg/http', 'pkg/metrics', 'api', 'pkg/diagnose', 'pkg/callback']),
    (3, ['pkg/store', 'pkg/pve', 'pkg/guest']),
    (4, ['pkg/inventory', 'pkg/runtime', 'pkg/apiserver', 'pkg/lab']),
    (5, ['controllers']),
    (6, ['cmd', 'tests']),
]
THIRD_PARTY = {  # a third-party header appears in one package
    r'boost/beast': ['pkg/http/beast'],
    r'boost/asio/ssl': ['pkg/http/beast'],
    r'boost/asio': ['pkg/async', 'pkg/http/beast', 'pkg/base/pch.h', 'pkg/store/postgres'],
    r'rapidjson/': ['pkg/schema'],
    r'yaml-cpp/': ['pkg/schema'],
    r'pqxx|libpq': ['pkg/store/postgres'],
    r'libssh/': ['pkg/guest/ssh'],
    r'prometheus/': ['pkg/metrics/prometheus'],
    r'zlib\.h': ['pkg/http/gzip', 'pkg/apiserver/lists_test.cpp'],
    r'openssl/': ['pkg/crypto', 'pkg/http/beast', 'tests/bench/api'],
    r'spdlog/': ['pkg/base'],
    r're2/': ['pkg/cel'],
    r'CLI/': ['cmd', 'tests/sim'],
    r'benchmark/': ['tests/bench'],
}
BANNED = [  # (pattern, why, where it is allowed)
    (r'system_clock::now|steady_clock::now|\btime\(nullptr\)', 'the clock is injected',
     ['pkg/base/time.cpp', 'tests/bench', '_test.cpp', '/testing/']),
    (r'sleep_for\s*\(\s*std::chrono|this_thread::sleep|\busleep\(|[^_:\w]sleep\(\d',
     'time is a parameter: use async::Clock', ['_test.cpp', '/testing/', 'pkg/lab/lxc', 'tests/']),
    (r'\bsteady_timer\b', 'use async::Clock', ['pkg/async/real_clock.cpp', 'pkg/http/beast']),
    (r'\bstd::rand\b|\brandom_device\b|\bmt19937', 'randomness is injected: use Random', []),
    (r'\bstd::regex\b|#include <regex>', 'five seconds a file, and exponential', []),
    (r'asio::detached|asio::co_spawn', 'every coroutine has a parent: use async::Group',
     ['pkg/async']),
    (r'\bstd::mutex\b|\bstd::thread\b|\bstd::condition_variable\b|\bstd::jthread\b',
     'no locks outside pkg/async and pkg/metrics: use BlockingPool',
     ['pkg/async', 'pkg/metrics', 'pkg/store/postgres', 'pkg/guest/ssh', '_test.cpp', '/testing/',
      'tests/']),
    (r'\bstd::cout\b|\bprintf\(', 'only programs print', ['cmd/', 'tests/', 'pkg/base/check.h']),
    (r'\bgetenv\(', 'configuration comes through flags', ['cmd/', 'tests/', '_test.cpp', '/testing/',
                                                           'pkg/lab/lxc', 'pkg/base/golden']),
    (r'\b(?:system|popen)\(', 'no shell strings', []),
    (r'\bTODO\b(?!\()|\bFIXME\b|\bXXX\b|\bHACK\b', 'finish it, or open an issue',
     ['tests/tidy']),
    (r'(?<!\w)/work/', 'a path of somebody\'s machine', ['tests/tidy']),
]
MAX_SOURCE, MAX_TEST, MAX_COLUMNS = 400, 800, 100


def layer_of(path):
    for layer, folders in LAYERS:
        for folder in folders:
            if path == folder or path.startswith(folder + '/'):
                return layer, family_of(path)
    return None, None


def family_of(path):
    parts = path.split('/')
    return parts[0] if parts[0] in ('api', 'tests') else '/'.join(parts[:2])


def allowed(path, places):
    return any(place in path for place in places)


class Report:
    def __init__(self):
        self.lines = []

    def add(self, path, line, what):
        self.lines.append(f'{path}:{line}: {what}')


def check_includes(path, text, report):
    layer, family = layer_of(path)
    for number, line in enumerate(text.split('\n'), 1):
        match = re.match(r'\s*#include\s+([<"])([^">]+)[">]', line)
        if not match:
            continue
        bracket, target = match.groups()
        if bracket == '<':
            for pattern, homes in THIRD_PARTY.items():
                if re.match(pattern, target):
                    if not allowed(path, homes):
                        report.add(path, number, f'<{target}> belongs to {homes[0]} only')
                    break
            continue
        other, other_family = layer_of(target)
        test = path.endswith(('_test.cpp', '_fuzz.cpp')) or '/testing/' in path
        if layer is None or other is None or test:
            continue
        if other > layer or (other == layer and family != other_family):
            report.add(path, number, f'layer {layer} must not include "{target}" (layer {other})')


def check_banned(path, text, code, report):
    for pattern, why, places in BANNED:
        if allowed(path, places):
            continue
        haystack = text if 'TODO' in pattern or 'work' in pattern else code
        for match in re.finditer(pattern, haystack):
            report.add(path, haystack.count('\n', 0, match.start()) + 1,
                       f'{match.group().strip()}: {why}')


def check_unordered_loops(path, code, report):
    names = set(re.findall(r'(?:unordered_(?:map|set)|flat_hash_(?:map|set))<[^;=]*>\s+(\w+)', code))
    for match in re.finditer(r'for\s*\([^;)]*:\s*(\w+)\s*\)', code):
        if match.group(1) in names:
            report.add(path, code.count('\n', 0, match.start()) + 1,
                       'iterates an unordered container: the order differs from run to run')


def check_layout(path, text, report):
    lines = text.split('\n')
    limit = MAX_TEST if path.endswith('_test.cpp') else MAX_SOURCE
    if len(lines) - 1 > limit:
        report.add(path, len(lines), f'{len(lines) - 1} lines; at most {limit}: is there a second '
                                     'idea inside?')
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            report.add(path, number, 'trailing blanks')
        if len(line) > MAX_COLUMNS and 'http' not in line and 'R"' not in line:
            report.add(path, number, f'{len(line)} columns; at most {MAX_COLUMNS}')
    if path.endswith('.h') and '#pragma once' not in text:
        report.add(path, 1, 'a header begins with #pragma once')
    if path.endswith('.h') and not re.search(r'^//', text, re.M):
        report.add(path, 1, 'a header says what it is for')
    # The compiler cannot say so of the files of a unity build: -Wno-subobject-linkage.
    if path.endswith('.h') and re.search(r'^namespace \{', text, re.M):
        report.add(path, 1, 'an anonymous namespace in a header')


def check_source(root, path, report):
    if not path.endswith(('.cpp', '.h')):
        return
    text = (root / path).read_text(encoding='utf-8')
    code = awaits.blank(text)
    check_includes(path, text, report)
    check_banned(path, text, code, report)
    check_unordered_loops(path, code, report)
    check_layout(path, text, report)
    for line, what in awaits.check(text):
        report.add(path, line, f'{what}; name it on the line above (g++ 12)')


def check_packages(root, files, report):
    packages = {str(pathlib.PurePosixPath(f).parent) for f in files
                if f.endswith('CMakeLists.txt') and f.startswith(('pkg/', 'controllers/'))}
    for package in sorted(packages):
        family = '/'.join(package.split('/')[:2])
        readme = f'{family}/README.md'
        if package == family and package != 'controllers' and package.count('/') == 1:
            if readme not in files:
                report.add(package, 1, 'a package has a README.md that says its purpose')
    for name in files:
        if name.endswith('.md'):
            check_links(root, name, set(files), report)


def check_links(root, name, files, report):
    text = (root / name).read_text(encoding='utf-8')
    for match in re.finditer(r'\]\(([^)#\s]+)(?:#[^)]*)?\)', text):
        target = match.group(1)
        if re.match(r'\w+:', target):
            continue
        path = (root / name).parent / target
        if not path.exists():
            report.add(name, text.count('\n', 0, match.start()) + 1, f'dead link: {target}')


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    listed = subprocess.run(['git', '-C', str(root), 'ls-files', '-co', '--exclude-standard'],
                            capture_output=True, text=True, check=True).stdout.split('\n')
    files = [name for name in listed if name and (root / name).is_file()]
    report = Report()
    chosen = sys.argv[2:] or files
    for name in chosen:
        check_source(root, name, report)
    check_packages(root, files, report)
    for line in report.lines:
        print(line)
    print(f'{len(chosen)} files, {len(report.lines)} problems')
    sys.exit(bool(report.lines))


if __name__ == '__main__':
    main()
