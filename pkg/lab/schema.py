#!/usr/bin/env python3
"""Writes schema.txt: what the lab's calls take, from the API schemas that Proxmox VE publishes.

Usage: schema.py SCHEMA-8.4.json SCHEMA-9.2.json >schema.txt

Each input is one JSON object: paths[PATH][METHOD] as in pve-docs' api-viewer, with `parameters`,
`permissions` and `protected`. Descriptions are left out. The form of schema.txt is explained at its
head; schema.cpp reads it.
"""
import json
import re
import sys

CALLS = re.compile(
    r'/(version$|access/(acl|permissions|roles|ticket|users)(/|$)|pools(/|$)|storage(/|$)'
    r'|cluster/(ha|nextid|resources|status|tasks)(/|$)'
    r'|nodes$|nodes/\{node\}/(aplinfo|lxc|network|status|storage|tasks|version|vzdump)(/|$)'
    r'|nodes/\{node\}/qemu$|nodes/\{node\}/qemu/\{vmid\}/config$)')
LEFT_OUT = re.compile(  # consoles, firewall, graphs, two factors, tunnels, other kinds of guests
    r'firewall|rrd|vnc|spiceproxy|termproxy|mtunnel|remote_migrate|tfa|file-restore|oci-registry'
    r'|import-metadata|identity|arm-ha|(POST|PUT) \S*/qemu|PUT /storage|DELETE /storage'
    r'|GET /access/ticket|POST /nodes/\{node\}/status')

HEAD = '''# Written by schema.py from the API schemas of pve-manager 8.4.1 and 9.2.11; not edited by hand.
#
# format NAME           a property string; below it what it may hold, "!" for the default key
# parameter NAME        shared by calls; NAME#2 is another one of that name
# METHOD PATH           a call: [protected] [needs PATH PRIVILEGE…, "|" between them when any will do]
#                       and below it the names of what it takes
# "?" marks what may be left out, @8 and @9 what only that version knows.
'''


def compact_names(values):
    """mp0 mp1 … mp255 as mp[0-255]."""
    result = []
    for value in map(str, values):
        match = re.fullmatch(r'(.*?)(\d+)', value)
        last = re.fullmatch(r'(.*)\[(\d+)-(\d+)\]', result[-1]) if result else None
        if match and last and match[1] == last[1] and int(match[2]) == int(last[3]) + 1:
            result[-1] = f'{last[1]}[{last[2]}-{match[2]}]'
        elif match and match[1] and match[2] == '0':
            result.append(f'{match[1]}[0-0]')
        else:
            result.append(value)
    return ','.join(re.sub(r'(.*)\[0-0\]$', r'\g<1>0', value) for value in result)


def properties_of(parameters):
    """All of them; what only some variants of a call require may be left out (the handler looks)."""
    properties = dict(parameters.get('properties', {}))
    for part in parameters.get('allOf', []):
        properties.update(properties_of(part))
    variants = parameters.get('oneOf', [])
    if variants:
        properties[parameters['type-property']] = parameters['type-property-schema']
    for variant in variants:
        for name, schema in properties_of(variant).items():
            everywhere = all(name in other['properties'] for other in variants)
            properties[name] = schema if everywhere else {**schema, 'optional': 1}
    return properties


class Writer:
    def __init__(self):
        self.formats, self.parameters, self.calls = {}, {}, {}

    def define(self, table, name, text):
        """The name under which `table` has that text."""
        known = table.setdefault(name, [])
        if text not in known:
            known.append(text)
        index = known.index(text)
        return name if index == 0 else f'{name}#{index + 1}'

    def limits(self, name, schema):
        words = [schema.get('type', 'string') + ('?' if schema.get('optional') else '')]
        if schema.get('default_key'):
            words[0] += '!'
        if 'minimum' in schema or 'maximum' in schema:
            words.append(f"{schema.get('minimum', '')}..{schema.get('maximum', '')}")
        if 'minLength' in schema or 'maxLength' in schema:
            words.append(f"len={schema.get('minLength', '')}..{schema.get('maxLength', '')}")
        form = schema.get('format')
        if isinstance(form, dict):
            form = self.define(self.formats, re.sub(r'\[n\]$', '', name), self.property_string(form))
        if form:
            words.append(f'format={form}')
        if 'requires' in schema:
            words.append(f"requires={schema['requires']}")
        if schema.get('enum'):
            words.append(f"enum={compact_names(schema['enum'])}")
        if 'pattern' in schema:  # last: it may hold blanks
            words.append(f"pattern={schema['pattern']}")
        return ' '.join(words)

    def property_string(self, form):
        rows = []
        for name, schema in sorted(form.items()):
            if 'alias' not in schema:
                rows.append(f'  {name} {self.limits(name, schema)}')
        return '\n'.join(rows)

    def add(self, version, method, path, call):
        names = []
        for name, schema in properties_of(call.get('parameters', {})).items():
            names.append(self.define(self.parameters, name, self.limits(name, schema)))
        head = ' protected' if call.get('protected') else ''
        check = (call.get('permissions') or {}).get('check', [])
        if check and check[0] == 'perm':  # the handlers look at what is more complicated
            head += f" needs {check[1]} {('|' if 'any' in check else ' ').join(check[2])}"
        self.calls.setdefault(f'{method} {path}', {})[version] = (head, names)

    def write(self, out):
        out.write(HEAD)
        for name, texts in sorted(self.formats.items()):
            for index, text in enumerate(texts):
                out.write(f"\nformat {name}{f'#{index + 1}' if index else ''}\n{text}\n")
        out.write('\n')
        for name, texts in sorted(self.parameters.items()):
            for index, text in enumerate(texts):
                out.write(f"parameter {name}{f'#{index + 1}' if index else ''} {text}\n")
        for call, versions in sorted(self.calls.items(), key=lambda item: item[0].split()[::-1]):
            self.write_call(out, call, versions)

    def write_call(self, out, call, versions):
        head, _ = versions.get(9) or versions[8]
        only = f'@{next(iter(versions))}' if len(versions) == 1 else ''
        names = {version: set(names) for version, (_, names) in versions.items()}
        words = []
        for name in sorted(set.union(*names.values())):
            mark = [version for version in names if name not in names[version]]
            words.append(name + (f'@{17 - mark[0]}' if mark else ''))
        out.write(f'\n{call}{only}{head}\n')
        line = ' '
        for word in words:
            if len(line) + len(word) > 98:
                out.write(line + '\n')
                line = ' '
            line += ' ' + word
        if words:
            out.write(line + '\n')


def main():
    writer = Writer()
    for version, file in ((9, sys.argv[2]), (8, sys.argv[1])):
        with open(file, encoding='utf-8') as source:
            paths = json.load(source)['paths']
        for path, methods in sorted(paths.items()):
            for method, call in sorted(methods.items()):
                if CALLS.match(path) and not LEFT_OUT.search(f'{method} {path}'):
                    writer.add(version, method, path, call)
    writer.write(sys.stdout)


if __name__ == '__main__':
    main()
