// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/telegram.h"

#include <inttypes.h>

#include "base/core/utf8.h"
#include "base/text/json.h"
#include "notify/integrations/attempt.h"

#define MESSAGE_RUNES_MAX 4096 // Telegram's own

// Cut HTML may be broken, and Telegram refuses it then. Upstream's text, its indentation included.
#define TOO_LONG                                                                                   \
    S("Alertmanager notification could not be sent: message length exceeds Telegram limits.\n"     \
      "\t\t\tPlease check the template used for producing the message content.")

// ---- the message -------------------------------------------------------------------------------

static str render_message(struct notify_attempt *a)
{
    const struct telegram_conf *conf = a->integration->conf;
    if (!str_eq(conf->parse_mode, S("HTML")))
        return attempt_truncate(a, attempt_render(a, conf->message), MESSAGE_RUNES_MAX, "message");
    str html = attempt_render_html(a, conf->message);
    return html.n > MESSAGE_RUNES_MAX && utf8_count(html) > MESSAGE_RUNES_MAX ? TOO_LONG : html;
}

static str read_file(struct notify_attempt *a, str value, str file)
{
    str usage = arena_printf(a->mem, "could not read %.*s", STR(file));
    return attempt_secret(a, value, file, usage.p);
}

static str read_chat_id(struct notify_attempt *a)
{
    const struct telegram_conf *conf = a->integration->conf;
    int64_t id = conf->chat_id;
    if (conf->chat_id_file.n) {
        str text = read_file(a, S(""), conf->chat_id_file);
        if (!attempt_failed(a) && !str_to_i64(text, &id))
            err_set(&a->err, ERR_SYNTAX,
                    "could not parse chat_id from %.*s: \"%.*s\" is not a whole number",
                    STR(conf->chat_id_file), STR(text));
    }
    return arena_printf(a->mem, "%" PRId64, id);
}

// All values are texts, sorted by name.
static void put_body(struct notify_attempt *a, str text, str chat_id)
{
    const struct telegram_conf *conf = a->integration->conf;
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member(&w, "chat_id", chat_id);
    if (conf->disable_notifications)
        json_put_member(&w, "disable_notification", S("true"));
    json_put_member(&w, "disable_web_page_preview", S("true"));
    if (conf->message_thread_id != 0)
        json_put_member(&w, "message_thread_id",
                        arena_printf(a->mem, "%" PRId64, conf->message_thread_id));
    json_put_member_given(&w, "parse_mode", conf->parse_mode);
    json_put_member(&w, "text", text);
    json_object_end(&w);
}

// ---- the answer --------------------------------------------------------------------------------

// Of a description in two parts the second is shown: "Bad Request: chat not found".
static str describe(str description)
{
    size_t at = str_find_str(description, S(": "));
    if (at == STR_NONE)
        return description;
    str rest = str_skip(description, at + 2);
    return str_find_str(rest, S(": ")) == STR_NONE ? rest : description;
}

// Telegram's own code counts: a server of its kind may answer with status 200 all the same.
static void fail_refused(struct notify_attempt *a, const json *answer)
{
    const json *code = json_get_nocase(answer, S("error_code"));
    double number = json_is_number(code) ? json_number(code) : 0;
    int status = number > 0 && number < 1000 ? (int)number : 0;
    str text = describe(json_str(json_get_nocase(answer, S("description"))));
    err_set(&a->err, ERR_INVALID, "telegram: %.*s (%d)", STR(text), status);
    attempt_fail(a, FAIL_AND_RETRY, notify_failure_of_status(status));
}

static void fail_telebot(struct notify_attempt *a)
{
    err_wrap(&a->err, "telebot");
    attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
}

static void on_answer(struct notify_attempt *a, const struct http_response *response)
{
    const json *answer = json_parse(response->body, false, a->mem, &a->err);
    if (!answer) {
        fail_telebot(a);
        return;
    }
    if (!json_bool(json_get_nocase(answer, S("ok")))) {
        fail_refused(a, answer);
        return;
    }
    const json *result = json_get_nocase(answer, S("result"));
    if (json_is_object(result) || json_is_null(result)) {
        attempt_succeed(a);
        return;
    }
    err_set(&a->err, ERR_INVALID,
            json_bool(result) ? "result is True" : "the result is not a message");
    fail_telebot(a);
}

static void telegram_begin(struct notify_attempt *a)
{
    const struct telegram_conf *conf = a->integration->conf;
    str text = render_message(a);
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    str token = read_file(a, conf->bot_token, conf->bot_token_file);
    put_body(a, text, read_chat_id(a));
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
        return;
    }
    str url = arena_printf(a->mem, "%.*s/bot%.*s/sendMessage", STR(conf->api_url.text), STR(token));
    attempt_send(a,
                 &(struct attempt_request){
                     .url = url,
                     .user_agent = S("Go-http-client/1.1"),
                     .body = attempt_body(a),
                     .prefix = S("telebot"),
                 },
                 on_answer);
}

const struct integration_ops TELEGRAM_OPS = {.name = {"telegram", 8},
                                             .start = attempt_start,
                                             .cancel = attempt_cancel,
                                             .begin = telegram_begin};
