// SPDX-License-Identifier: Apache-2.0
// The only C++ file: libre2 behind C functions.
#include "base/text/regex_re2.h"

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

struct re2_program {
    std::string pattern;
    int64_t bytes_max;
    std::once_flag compiled;
    std::unique_ptr<RE2> re2;

    const RE2 &get()
    {
        std::call_once(compiled, [this] {
            RE2::Options options; // UTF-8 and Perl's syntax, as in Go
            options.set_log_errors(false);
            options.set_max_mem(bytes_max);
            re2 = std::make_unique<RE2>(pattern, options);
        });
        return *re2;
    }
};

struct re2_program *re2_program_new(const char *pattern, size_t n, size_t program_bytes_max)
{
    auto p = std::make_unique<re2_program>();
    p->pattern.assign(pattern, n);
    p->bytes_max = static_cast<int64_t>(program_bytes_max);
    return p.release();
}

void re2_program_free(struct re2_program *p)
{
    delete p;
}

static enum re2_error error_from(RE2::ErrorCode code)
{
    switch (code) {
    case RE2::NoError:
        return RE2_OK;
    case RE2::ErrorInternal:
        return RE2_INTERNAL;
    case RE2::ErrorBadEscape:
        return RE2_BAD_ESCAPE;
    case RE2::ErrorBadCharClass:
        return RE2_BAD_CLASS;
    case RE2::ErrorBadCharRange:
        return RE2_BAD_RANGE;
    case RE2::ErrorMissingBracket:
        return RE2_MISSING_BRACKET;
    case RE2::ErrorMissingParen:
        return RE2_MISSING_PAREN;
    case RE2::ErrorUnexpectedParen:
        return RE2_UNEXPECTED_PAREN;
    case RE2::ErrorTrailingBackslash:
        return RE2_TRAILING_BACKSLASH;
    case RE2::ErrorRepeatArgument:
        return RE2_REPEAT_ARGUMENT;
    case RE2::ErrorRepeatSize:
        return RE2_REPEAT_SIZE;
    case RE2::ErrorRepeatOp:
        return RE2_REPEAT_OPERATOR;
    case RE2::ErrorBadPerlOp:
        return RE2_BAD_PERL;
    case RE2::ErrorBadUTF8:
        return RE2_BAD_UTF8;
    case RE2::ErrorBadNamedCapture:
        return RE2_BAD_NAME;
    case RE2::ErrorPatternTooLarge:
        return RE2_TOO_LARGE;
    }
    return RE2_INTERNAL;
}

enum re2_error re2_program_compile(struct re2_program *p, const char **ret_piece, size_t *ret_n)
{
    const RE2 &re2 = p->get();
    *ret_piece = re2.error_arg().data();
    *ret_n = re2.error_arg().size();
    return error_from(re2.error_code());
}

size_t re2_program_group_count(struct re2_program *p)
{
    int count = p->get().NumberOfCapturingGroups();
    return count > 0 ? static_cast<size_t>(count) : 0;
}

int re2_program_group_index(struct re2_program *p, const char *name, size_t n)
{
    const auto &groups = p->get().NamedCapturingGroups();
    auto found = groups.find(std::string(name, n));
    return found == groups.end() ? -1 : found->second;
}

bool re2_program_find(struct re2_program *p, const char *text, size_t n, size_t start, size_t *ret,
                      size_t count)
{
    re2::StringPiece groups[RE2_FIND_GROUPS_MAX];
    size_t asked = re2_program_group_count(p) + 1;
    asked = count < asked ? count : asked;
    asked = asked < RE2_FIND_GROUPS_MAX ? asked : RE2_FIND_GROUPS_MAX;
    if (!p->get().Match(re2::StringPiece(text, n), start, n, RE2::UNANCHORED, groups,
                        static_cast<int>(asked)))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool took_part = i < asked && groups[i].data() != nullptr;
        ret[2 * i] = took_part ? static_cast<size_t>(groups[i].data() - text) : SIZE_MAX;
        ret[2 * i + 1] = took_part ? ret[2 * i] + groups[i].size() : SIZE_MAX;
    }
    return true;
}
