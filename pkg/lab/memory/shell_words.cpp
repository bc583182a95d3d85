#include "pkg/lab/memory/shell_words.h"

namespace gantry::lab {

guest::Exit exit_with(int code, std::string out, std::string err) {
  guest::Exit exit;
  exit.code = code;
  exit.out = std::move(out);
  exit.err = std::move(err);
  return exit;
}

std::string program_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::vector<std::string> operands(const std::vector<std::string>& words) {
  std::vector<std::string> all;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i].empty() || words[i].front() != '-') all.push_back(words[i]);
  }
  return all;
}

guest::Exit missing(const std::string& program, const std::string& path) {
  return exit_with(1, "", program + ": " + path + ": No such file or directory\n");
}

std::vector<Step> split_steps(const std::string& script) {
  std::vector<Step> steps{{"", ""}};
  char quote = 0;
  for (size_t i = 0; i < script.size(); ++i) {
    const char c = script[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      steps.back().text += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      steps.back().text += c;
    } else if (script.compare(i, 2, "&&") == 0 || script.compare(i, 2, "||") == 0) {
      steps.push_back({"", script.substr(i++, 2)});
    } else if (c == ';' || c == '\n') {
      steps.push_back({"", ";"});
    } else {
      steps.back().text += c;
    }
  }
  return steps;
}

void append(guest::Exit& to, const guest::Exit& from) {
  to.code = from.code;
  to.out += from.out;
  to.err += from.err;
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        words.back() += c;
      }
      continue;
    }
    if (c == ' ' || c == '\t') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == '\'' || c == '"') {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  return words;
}

}  // namespace gantry::lab
