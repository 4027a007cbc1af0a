import type { ListQuery } from "./parse-list-query.ts";
import { API_VERSION, formatTwilioMessage, type TwilioMessage } from "./twilio-message.ts";

/**
 * One page of an account's messages as `GET …/Messages.json` answers, given all messages, newest first. The lab cannot
 * page backwards (`previous_page_uri` is always null); a page that starts after a message already forgotten is empty.
 */
export function listTwilioMessages(accountSid: string, messages: Iterable<TwilioMessage>, query: ListQuery) {
  const found: TwilioMessage[] = [];
  let isPastStart = query.afterSid === null;
  for (const message of messages) {
    if (message.accountSid !== accountSid) continue;
    if (isPastStart && matches(message, query)) found.push(message);
    // One more than fits tells that there is a next page.
    if (found.length > query.pageSize) break;
    isPastStart ||= message.sid === query.afterSid;
  }
  const shown = found.slice(0, query.pageSize);
  const nextAfterSid = found.length > shown.length ? (shown.at(-1)?.sid ?? null) : null;
  const start = query.page * query.pageSize;
  return {
    first_page_uri: formatPageUri(accountSid, query, { page: 0, afterSid: null }),
    end: start + Math.max(0, shown.length - 1),
    previous_page_uri: null,
    messages: shown.map(formatTwilioMessage),
    uri: formatPageUri(accountSid, query, query),
    page_size: query.pageSize,
    start,
    next_page_uri:
      nextAfterSid === null ? null : formatPageUri(accountSid, query, { page: query.page + 1, afterSid: nextAfterSid }),
    page: query.page,
  };
}

function matches(message: TwilioMessage, { to, from, sent }: ListQuery): boolean {
  if (to !== null && message.to !== to) return false;
  if (from !== null && message.from !== from) return false;
  if (sent === null) return true;
  return message.sentAtMs !== null && message.sentAtMs >= sent.startMs && message.sentAtMs < sent.endMs;
}

function formatPageUri(accountSid: string, query: ListQuery, page: Pick<ListQuery, "page" | "afterSid">): string {
  const parameters = new URLSearchParams([...query.given]);
  parameters.set("PageSize", String(query.pageSize));
  parameters.set("Page", String(page.page));
  if (page.afterSid !== null) parameters.set("PageToken", `PA${page.afterSid}`);
  return `/${API_VERSION}/Accounts/${accountSid}/Messages.json?${parameters}`;
}
