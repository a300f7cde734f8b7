import type { BriefView, LeadView, StoryView } from '../platform/render/views.ts';
import type { EditionPage } from './edition-page.ts';

/**
 * What an edition says, made of the blocks that its mail is made of: for its page and for feeds. A story that has no address of
 * its own is told in full at the end, and its headline leads there. Pictures are left to the stories' own pages: nothing is
 * loaded from another host.
 */
export function EditionBlocks({ page: { view, told } }: { page: EditionPage }) {
  return (
    <>
      {view.greeting && <p class="lede">{view.greeting}</p>}
      {view.notice && <p class="meta">{view.notice}</p>}
      <Lead lead={view.lead} />
      {view.sections.map((section) => (
        <section>
          <h2 class="section-label">{section.label}</h2>
          {section.stories.map((story) => (
            <Story story={story} />
          ))}
        </section>
      ))}
      {view.briefs && <Briefs label={view.briefs.label} items={view.briefs.items} />}
      {view.corrections && <Briefs label={view.corrections.label} items={view.corrections.items} />}
      {told.map(({ anchor, lang, headline, author, paragraphs }) => (
        <section id={anchor} lang={lang} class="full-story">
          <h2>{headline}</h2>
          {author && <p class="meta">{author}</p>}
          {paragraphs.map((paragraph) => (
            <p class="reading">{paragraph}</p>
          ))}
        </section>
      ))}
    </>
  );
}

function Lead({ lead }: { lead: LeadView }) {
  return (
    <section class="lead" lang={lead.lang}>
      {lead.kicker && <p class="kicker">{lead.kicker}</p>}
      <h2>
        <a href={lead.url}>{lead.headline}</a>
        <Language name={lead.langName} />
      </h2>
      {lead.dek && <p class="reading">{lead.dek}</p>}
      <p class="meta">{[lead.byline, lead.minutes].filter(Boolean).join(' · ')}</p>
    </section>
  );
}

function Story({ story }: { story: StoryView }) {
  return (
    <div class="story" lang={story.lang}>
      <h3>
        <a href={story.url}>{story.headline}</a>
        <Language name={story.langName} />
      </h3>
      {story.dek && <p class="reading">{story.dek}</p>}
      {story.minutes && <p class="meta">{story.minutes}</p>}
    </div>
  );
}

function Briefs({ label, items }: { label: string; items: BriefView[] }) {
  return (
    <section>
      <h2 class="section-label">{label}</h2>
      <ul>
        {items.map((item) => (
          <li lang={item.lang}>
            <a href={item.url}>{item.text}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Language({ name }: { name: string | undefined }) {
  return name ? <span class="meta"> ({name})</span> : null;
}
