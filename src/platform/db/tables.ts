import type { ColumnType, Generated } from 'kysely';

// The shape of the ledger as the program sees it; `migrations/` is what makes it so.

/** A jsonb column: read as the value, written as text that the database parses. */
type Json<T> = ColumnType<T, string, string>;
/** A jsonb column that has a default. */
type DefaultJson<T> = ColumnType<T, string | undefined, string>;
/** An instant. */
type At = ColumnType<Date, Date, Date>;
type MaybeAt = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Maybe<T> = ColumnType<T | null, T | null | undefined, T | null>;
/** An id that the database gives and nobody changes. */
type Id = ColumnType<number, never, never>;
/** A calendar date as text, `2026-07-14`. */
type CalendarDate = ColumnType<string, string, string>;

/** A text per language. */
export type ByLang = Record<string, string>;

export interface Tables {
  publishers: {
    id: Generated<number>;
    name: string;
    legal_name: string;
    postal_address: string;
    privacy_url: string;
    from_name: string;
    from_email: string;
    languages: string[];
    time_zone: string;
  };
  newsletters: {
    id: Id;
    slug: string;
    name: string;
    promise: Json<ByLang>;
    /** An editor's own words for who is new, per language. */
    welcome: DefaultJson<ByLang>;
    languages: string[];
    state: Generated<'open' | 'closed' | 'archived'>;
    visibility: Generated<'public' | 'private'>;
    from_name: string;
    from_email: string;
    reply_to: string;
    postal_address: Maybe<string>;
    privacy_url: Maybe<string>;
    time_zone: string;
    calendar: Json<unknown>;
    recipe: Json<unknown>;
    template: Generated<string>;
    approvals: Generated<number>;
    thin_day: Generated<'skip' | 'hold' | 'short'>;
    lang_gap: Generated<'omit' | 'mark'>;
    unknown_policy: Generated<'hold' | 'resend-once'>;
    deadline_hours: Generated<number>;
    draft_lead_minutes: Generated<number>;
    archive_delay_minutes: Generated<number>;
    opinions: Generated<boolean>;
    confirmation_reminder: Generated<boolean>;
    allowed_origins: Generated<string[]>;
    return_to: Generated<string[]>;
    revision: Generated<number>;
    created_at: At;
  };
  newsletter_sections: {
    newsletter_id: number;
    key: string;
    label: Json<ByLang>;
    sort: number;
    min: Generated<number>;
    max: Generated<number>;
  };
  newsletter_showcase: { newsletter_id: number; lang: string; latest: Json<unknown> };
  wordings: {
    id: Id;
    purpose: 'newsletter' | 'marketing';
    newsletter_id: Maybe<number>;
    version: string;
    lang: string;
    text: string;
    sha256: string;
    created_at: At;
  };
  api_keys: {
    id: Id;
    name: string;
    prefix: string;
    hash: Buffer;
    mode: 'live' | 'test';
    scopes: string[];
    newsletter_ids: Maybe<number[]>;
    created_at: At;
    expires_at: MaybeAt;
    revoked_at: MaybeAt;
    last_used_at: MaybeAt;
  };
  idempotency_keys: {
    key_id: number;
    key: string;
    request_sha256: string;
    status: Maybe<number>;
    body: ColumnType<unknown, string | null | undefined, string | null>;
    created_at: At;
  };
  subscribers: {
    id: Id;
    email: Maybe<string>;
    email_key: Maybe<string>;
    language: string;
    time_zone: Maybe<string>;
    mail_state: Generated<'ok' | 'undeliverable' | 'suppressed'>;
    marketing_since: MaybeAt;
    tags: Generated<string[]>;
    source: Maybe<string>;
    created_at: At;
    erased_at: MaybeAt;
    /** Who stands for them since both became one reader. */
    merged_into: Maybe<number>;
  };
  subscriptions: {
    id: Id;
    subscriber_id: number;
    newsletter_id: number;
    state: 'pending' | 'active' | 'unsubscribed';
    frequency: Generated<'each' | 'weekdays' | 'weekly'>;
    weekly_day: Maybe<number>;
    hour: Maybe<number>;
    topics: Maybe<string[]>;
    paused_until: MaybeAt;
    confirmed_at: MaybeAt;
    unsubscribed_at: MaybeAt;
    catch_up_since: MaybeAt;
    source: Maybe<string>;
    created_at: At;
  };
  subscriber_events: {
    id: Id;
    subscriber_id: number;
    subscription_id: Maybe<number>;
    kind: string;
    before: ColumnType<unknown, string | null | undefined, null>;
    at: At;
    actor: string;
  };
  sign_ups: {
    id: Id;
    /** `manage`: no newsletter, only a link to the reader's own page. */
    asks: Generated<'subscribe' | 'manage' | 'retry'>;
    email: Maybe<string>;
    email_key: Maybe<string>;
    newsletter_ids: number[];
    marketing: boolean;
    wording_ids: number[];
    /** Sections of the one newsletter it names; null = all. */
    topics: Maybe<string[]>;
    lang: string;
    form: string;
    page_url: Maybe<string>;
    ip_net: Maybe<string>;
    agent_family: Maybe<string>;
    /** Why the request looked like a bot's, when it did. */
    signal: Maybe<string>;
    state: Generated<'received' | 'answered' | 'confirmed' | 'expired' | 'withdrawn'>;
    outcome: Maybe<string>;
    subscriber_id: Maybe<number>;
    created_at: At;
    put_off_until: MaybeAt;
    reminded_at: MaybeAt;
    expires_at: MaybeAt;
  };
  confirmation_tokens: { hash: Buffer; sign_up_id: number; created_at: At; expires_at: At; used_at: MaybeAt };
  consents: {
    id: Id;
    subscriber_id: number;
    purpose: 'newsletter' | 'marketing';
    newsletter_id: Maybe<number>;
    act: 'given' | 'withdrawn';
    wording_id: Maybe<number>;
    fingerprint: Buffer;
    fingerprint_key_id: string;
    email_masked: Maybe<string>;
    form: Maybe<string>;
    page_url: Maybe<string>;
    ip_net: Maybe<string>;
    agent_family: Maybe<string>;
    method: string;
    letter_id: Maybe<number>;
    evidence: Maybe<string>;
    at: At;
  };
  account_links: {
    id: Id;
    subscriber_id: number;
    act: 'email' | 'data' | 'erase' | 'history';
    asked_at: At;
    /** Of the token that was minted when the letter was written last. */
    hash: Maybe<Buffer>;
    expires_at: MaybeAt;
    used_at: MaybeAt;
  };
  account_sessions: { hash: Buffer; subscriber_id: number; expires_at: At };
  email_changes: {
    id: Id;
    subscriber_id: number;
    /** Emptied when the change is done with. */
    new_email: Maybe<string>;
    state: Generated<'asked' | 'changed' | 'stopped' | 'expired'>;
    asked_at: At;
    changed_at: MaybeAt;
    expires_at: At;
  };
  /** A reader's copy of their data, until it is fetched or a day has passed. */
  data_copies: {
    id: Id;
    subscriber_id: number;
    asked_at: At;
    made_at: MaybeAt;
    expires_at: MaybeAt;
    zip: Maybe<Buffer>;
  };
  suppressions: {
    id: Id;
    fingerprint: Buffer;
    key_id: string;
    subscriber_id: Maybe<number>;
    newsletter_id: Maybe<number>;
    reason: 'hard' | 'complaint' | 'never' | 'soft' | 'manual';
    evidence: Maybe<string>;
    source: string;
    at: At;
    released_at: MaybeAt;
    released_by: Maybe<string>;
    release_reason: Maybe<string>;
  };
  bounces: {
    id: Id;
    subscriber_id: Maybe<number>;
    edition_id: Maybe<number>;
    letter_id: Maybe<number>;
    source: 'smtp' | 'dsn' | 'arf' | 'webhook';
    source_id: string;
    class: string;
    code: Maybe<number>;
    status: Maybe<string>;
    text_masked: Maybe<string>;
    at: At;
    counted: Generated<boolean>;
  };
  limits: { key: string; window_start: At; n: number; expires_at: At };
  /** What was granted of a rate: per relay, per lane, over all. One row, so that one update is one grant. */
  rates: { scope: string; drawn: Json<unknown>; version: Generated<number>; drawn_at: At };
  letters: {
    id: Id;
    kind: string;
    about: number;
    fingerprint: Buffer;
    state: Generated<'queued' | 'sending' | 'accepted' | 'deferred' | 'refused' | 'unknown' | 'dropped'>;
    message_id: Maybe<string>;
    attempts: Generated<number>;
    /** How often its answer was lost after the final dot; it is sent again after the first. */
    doubts: Generated<number>;
    due_at: At;
    /** What the letter needs to be written again: ids only. */
    detail: ColumnType<unknown, string | null | undefined, string | null>;
    story_ids: Maybe<number[]>;
    smtp_code: Maybe<number>;
    class: Maybe<string>;
    text_masked: Maybe<string>;
    at: At;
    settled_at: MaybeAt;
    worker_id: Maybe<number>;
  };
  sources: {
    id: Id;
    kind: 'feed' | 'page';
    url: string;
    section: Maybe<string>;
    lang: string;
    mapping: DefaultJson<Record<string, string>>;
    weight: Generated<number>;
    etag: Maybe<string>;
    last_modified: Maybe<string>;
    next_poll_at: At;
    last_ok_at: MaybeAt;
    last_item_at: MaybeAt;
    last_error: Maybe<string>;
    failures: Generated<number>;
    silent_after_hours: Generated<number>;
    state: Generated<'active' | 'removed'>;
    created_at: At;
  };
  articles: {
    id: Id;
    story_id: number;
    canonical_url: Maybe<string>;
    guid: Maybe<string>;
    source_id: Maybe<number>;
    title: string;
    dek: Maybe<string>;
    /** Plain text, paragraphs separated by an empty line. */
    body: Maybe<string>;
    author: Maybe<string>;
    section: Maybe<string>;
    tags: Generated<string[]>;
    lang: string;
    image: ColumnType<ArticleImage | null, string | null | undefined, string | null>;
    published_at: MaybeAt;
    received_at: At;
    embargo_until: MaybeAt;
    expires_at: MaybeAt;
    priority: Generated<number>;
    never: Generated<boolean>;
    words: Generated<number>;
    /** The fields as the source last gave them; an editor can go back to them. */
    source_fields: DefaultJson<Record<string, unknown>>;
    edited_fields: Generated<string[]>;
    withdrawn_at: MaybeAt;
    revision: Generated<number>;
    updated_at: At;
  };
  editions: {
    id: Id;
    newsletter_id: number;
    kind: Generated<'regular' | 'weekly'>;
    slot_date: CalendarDate;
    seq: Generated<number>;
    slot_at: At;
    number: Maybe<number>;
    state: Generated<EditionState>;
    held_reason: Maybe<string>;
    skipped_reason: Maybe<string>;
    failed_reason: Maybe<string>;
    subject: DefaultJson<ByLang>;
    preheader: DefaultJson<ByLang>;
    greeting: DefaultJson<ByLang>;
    /** Stories first received up to this instant were weighed. */
    cutoff_at: MaybeAt;
    /** When an editor last touched it: from then on it is not refreshed by itself. */
    touched_at: MaybeAt;
    revision: Generated<number>;
    composed_revision: Maybe<number>;
    audience_rule: Generated<string>;
    archive_state: Generated<'hidden' | 'public' | 'unpublished'>;
    /** Opens its pages when the newsletter is private: 122 random bits, in hex. */
    web_key: Generated<string>;
    /** When its sending started: from then on its mails open its page. */
    published_at: MaybeAt;
    /** The newsletter's when it was composed: its mails' links were made for it. */
    archive_delay_minutes: Generated<number>;
    /** From when its page is there for everybody. */
    appears_at: MaybeAt;
    /** Made by the newsletter's calendar, so it sends itself at its slot. */
    scheduled: Generated<boolean>;
    created_at: At;
    updated_at: At;
  };
  /** What an edition's page says, as it was printed; the highest version of a language stands. */
  edition_pages: {
    edition_id: number;
    lang: string;
    version: number;
    title: string;
    description: string;
    page: Json<unknown>;
    printed_at: At;
  };
  corrections: {
    edition_id: number;
    /** The version of the pages that it printed. */
    version: number;
    /** What was wrong, per language. */
    notes: Json<ByLang>;
    /** Words of the edition that it changed. */
    words: DefaultJson<Record<string, ByLang>>;
    made_by: string;
    at: At;
  };
  /** How many readers wish for more, or for less, like it. Nothing says who. */
  edition_opinions: { edition_id: number; wish: 'more' | 'less'; n: number };
  edition_stories: {
    edition_id: number;
    newsletter_id: number;
    kind: Generated<'regular' | 'weekly'>;
    story_id: number;
    place: 'lead' | 'section' | 'brief' | 'carried' | 'excluded' | 'web';
    section: Maybe<string>;
    position: number;
    reason: string;
    words: DefaultJson<Record<string, unknown>>;
    pinned: Generated<boolean>;
  };
  edition_variants: {
    id: Id;
    edition_id: number;
    lang: string;
    topics: Generated<string>;
    greeting: Generated<string>;
    catch_up: Generated<string>;
    subject: Generated<string>;
    preheader: Generated<string>;
    html: string;
    text: string;
    mime: Json<unknown>;
    html_bytes: number;
    revision: number;
  };
  /** One language of an edition with the marks around what not every reader gets: variants are made of it. */
  edition_blocks: {
    edition_id: number;
    lang: string;
    html: string;
    text: string;
    facts: Json<unknown>;
    revision: number;
  };
  approvals: { edition_id: number; revision: number; approver: string; at: At };
  workers: {
    id: Id;
    host: string;
    pid: number;
    roles: string[];
    started_at: At;
    heartbeat_at: At;
    stopped_at: MaybeAt;
  };
  sends: {
    edition_id: number;
    frozen_at: MaybeAt;
    /** The last subscription id of the pages inserted so far. */
    fan_out_after: Generated<number>;
    fanned_out_at: MaybeAt;
    hold_until: MaybeAt;
    expected: Maybe<number>;
    requested_by: string;
    requested_at: At;
    pause_reason: Maybe<string>;
    /** How many more deliveries may begin before it pauses again; null = no such limit. */
    allowance: Maybe<number>;
    /** What was seen and judged bearable when a person resumed the send. */
    pardoned: ColumnType<
      { bounced: number; complaints: number; decided: number } | null,
      string | null | undefined,
      string | null
    >;
    /** The highest batch number given out. */
    batch_no: Generated<number>;
    started_at: MaybeAt;
    finished_at: MaybeAt;
    /** When the rows were last recounted and the counts found true. */
    verified_at: MaybeAt;
  };
  deliveries: {
    edition_id: number;
    subscriber_id: number;
    variant_id: number;
    lane: Generated<string>;
    state: Generated<DeliveryState>;
    due_at: At;
    /** Past it nothing is tried any more: the delivery is refused as expired. */
    deadline_at: At;
    /** Tries that a server's answer, or none, has used up. */
    attempts: Generated<number>;
    /** How often it was sent again though a first copy may have arrived. */
    resends: Generated<number>;
    /** Counts the claims, so that a late answer is known for what it is. */
    claim: Generated<number>;
    worker_id: Maybe<number>;
    class: Maybe<string>;
    smtp_code: Maybe<number>;
    status: Maybe<string>;
    text_masked: Maybe<string>;
    settled_at: MaybeAt;
  };
  delivery_batches: {
    edition_id: number;
    no: number;
    lane: Generated<string>;
    due_at: At;
    subscriber_ids: number[];
    worker_id: Maybe<number>;
    leased_at: MaybeAt;
    done_at: MaybeAt;
  };
  send_counts: {
    edition_id: number;
    /** The lane of the deliveries counted here: the books close for each. */
    lane: Generated<string>;
    shard: number;
    planned: Generated<number>;
    accepted: Generated<number>;
    deferred: Generated<number>;
    refused: Generated<number>;
    skipped: Generated<number>;
    unknown: Generated<number>;
    cancelled: Generated<number>;
    queued: Generated<number>;
    /** The ten seconds last counted in, since 1970; answers in them, and in the ten before. */
    bucket: Generated<number>;
    bucket_n: Generated<number>;
    before_n: Generated<number>;
  };
  /** Whom a domain's mail goes to: a mailbox provider's lane by its MX; null = looked up, and nobody we know. */
  mail_domains: { domain: string; lane: Maybe<string>; mx_at: MaybeAt };
  /** Lanes with a limit or in trouble; one that is not here is open. */
  lanes: {
    lane: string;
    state: Generated<LaneState>;
    /** An operator's limits: deliveries under way at once over all workers, and per second. */
    connections: Maybe<number>;
    rate_per_second: Maybe<number>;
    /** Nothing begins before this. */
    back_off_until: MaybeAt;
    /** After trouble: how many may be under way at once, and how many were accepted since it was raised. */
    probe: Maybe<number>;
    probe_accepted: Generated<number>;
    /** Times of trouble in a row. */
    failures: Generated<number>;
    /** While there is a limit, the one worker that keeps it for all. */
    worker_id: Maybe<number>;
    reason: Maybe<string>;
    last_answer: Maybe<string>;
    changed_by: Maybe<string>;
    changed_at: At;
  };
  upkeep: { deed: string; ran_at: At; report: ColumnType<unknown, string | null | undefined, string | null> };
}

/** What an operator says of a lane; trouble is told by its back-off and probe. */
export type LaneState = 'open' | 'slow' | 'paused';

export interface ArticleImage {
  url: string;
  alt: string;
  width?: number;
  height?: number;
}

export type EditionState =
  | 'draft'
  | 'ready'
  | 'approved'
  | 'scheduled'
  | 'starting'
  | 'sending'
  | 'paused'
  | 'sent'
  | 'skipped'
  | 'cancelled'
  | 'failed';

export type DeliveryState =
  | 'queued'
  | 'sending'
  | 'accepted'
  | 'deferred'
  | 'refused'
  | 'skipped'
  | 'unknown'
  | 'cancelled';
