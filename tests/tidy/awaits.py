"""Finds co_await statements that g++ 12 miscompiles.

g++ 12 destroys twice a temporary that is aggregate-initialised, a lambda with captures, or the
result of ?: when the same statement contains co_await (GCC PR 107288 and friends); and it resumes
in the wrong place after a bare co_await as the condition of if, while or switch. Naming the
object on the line above is safe in every case.
"""
import re

_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)


def blank(text):
    """Comments become spaces and literals zeros; every offset and newline stays."""
    def same_length(match):
        fill = ' ' if match.group()[0] == '/' else '0'
        return re.sub(r'[^\n]', fill, match.group())
    return _LITERAL.sub(same_length, text)


def _start_of(code, at):
    """Where the statement that holds `at` begins."""
    depth = 0
    while at:
        previous = code[at - 1]
        if depth <= 0 and previous in ';{}':
            break
        at -= 1
        if previous in ')]':
            depth += 1
        elif previous in '([':
            depth = max(depth - 1, 0)
    return at


def _end_of(code, start, at):
    """Where it ends: at its semicolon, or at the brace of the block it controls."""
    stack = []
    while at < len(code):
        char = code[at]
        if char in '([{':
            if char == '{' and not stack and re.search(r'\)\s*$', code[start:at]):
                break
            stack.append(char)
        elif char in ')]}':
            if stack:
                stack.pop()
            elif char == '}':
                break
        elif char == ';' and not stack:
            break
        at += 1
    return at


def statements(code):
    """Yields (offset, text) for every statement that holds a co_await."""
    for match in re.finditer(r'\bco_await\b', code):
        start = _start_of(code, match.start())
        yield start, code[start:_end_of(code, start, match.end())]


_LAMBDA = re.compile(r'\[(?!\s*\])([^\[\]]*)\]\s*(?:\(|\{|mutable)')
_LAMBDA_WHOLE = re.compile(
    r'\[[^\[\]]*\]\s*(\([^()]*\))?\s*(mutable)?\s*(->\s*[\w:<>]+)?\s*\{.*\}', re.S)
_CONDITION = re.compile(r'^\s*(?:\}?\s*else\s+)?(?:if|while|switch)\s*\(')


def _bare_condition(statement):
    match = _CONDITION.match(statement)
    if not match:
        return False
    depth, at = 1, match.end()
    while at < len(statement) and depth:
        depth += {'(': 1, ')': -1}.get(statement[at], 0)
        at += 1
    condition = statement[match.end():at - 1]
    return 'co_await' in condition and not re.search(r'[^=!<>]=[^=]', condition)


def problem(statement):
    """What is wrong with one statement, or None."""
    if _bare_condition(statement):
        return 'bare co_await as a condition'
    for match in _LAMBDA.finditer(statement):
        names = [name.strip() for name in match.group(1).split(',')]
        if any(not (name.startswith('&') or name == 'this') for name in names):
            return 'capturing lambda'
    body = _LAMBDA_WHOLE.sub('', statement)
    if re.search(r'[\w>]\s*\{|[(,=]\s*\{', body):
        return 'brace-initialised temporary'
    if re.search(r'\?', body):
        return '?: in an awaiting statement'
    return None


def check(text):
    """Yields (line, what) for one file."""
    code = blank(text)
    for offset, statement in statements(code):
        what = problem(statement)
        if what:
            first = offset + len(statement) - len(statement.lstrip())
            yield code.count('\n', 0, first) + 1, what
    for match in re.finditer(r'\bAsync<[^;{}()]*>\s+[\w:]+\s*\([^;{}]*=\s*(?:[\w:]+)?\s*\{', code):
        yield code.count('\n', 0, match.start()) + 1, 'aggregate default argument of an Async'
