import { Page, type PageFrame } from './layout.tsx';
import type { OpenApiDocument } from './openapi.ts';
import { outline, type Schema } from './schema-outline.ts';

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

interface Content {
  content?: Record<string, { schema?: Schema }>;
}

interface Operation {
  tags?: string[];
  summary?: string;
  description?: string;
  security?: unknown[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[];
  requestBody?: Content;
  responses?: Record<string, Content & { description?: string }>;
}

interface Listed {
  id: string;
  method: string;
  path: string;
  operation: Operation;
}

/** The API's documentation, drawn from its OpenAPI document: no script, nothing from another host. */
export function DocsPage({ document, frame }: { document: OpenApiDocument; frame: PageFrame }) {
  const operations = listOperations(document);
  const components = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const { title, version, description } = document.info;
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? ''))];
  return (
    <Page
      {...frame}
      title={`${title} API`}
      noindex
      folio={[title, `API ${version}`, <a href="/v1/openapi.json">OpenAPI 3.1</a>]}
    >
      <h1>{title} API</h1>
      <p class="lede">{description}</p>
      <p>
        Send an API key as <code>Authorization: Bearer dl_live_…</code>; <code>dateline key create</code>{' '}
        makes one. A POST with an <code>Idempotency-Key</code> may be repeated for 24 hours and acts once.
        Lists answer <code>{'{data, next}'}</code>; ask for the next page with <code>?after=</code>.
      </p>
      <nav aria-label="Operations">
        {tags.map((tag) => (
          <>
            <h2>{tag || 'Other'}</h2>
            <ul>
              {operations
                .filter(({ operation }) => (operation.tags?.[0] ?? '') === tag)
                .map(({ id, method, path, operation }) => (
                  <li>
                    <a href={`#${id}`}>
                      <code>
                        {method} {path}
                      </code>
                    </a>{' '}
                    {operation.summary}
                  </li>
                ))}
            </ul>
          </>
        ))}
      </nav>
      {operations.map((listed) => (
        <OperationSection {...listed} components={components} />
      ))}
    </Page>
  );
}

function OperationSection({
  id,
  method,
  path,
  operation,
  components,
}: Listed & { components: Record<string, Schema> }) {
  return (
    <section aria-labelledby={id}>
      <hr />
      <h2 id={id}>
        <code>
          {method} {path}
        </code>
      </h2>
      <p>
        {operation.summary}
        {operation.security?.length ? ' · needs a key' : ''}
      </p>
      {operation.description && <p class="soft">{operation.description}</p>}
      {operation.parameters && operation.parameters.length > 0 && (
        <ul>
          {operation.parameters.map((one) => (
            <li>
              <code>{one.name}</code> in {one.in}
              {one.required ? ', required' : ''}
              {one.description ? `: ${one.description}` : ''}
            </li>
          ))}
        </ul>
      )}
      {schemasOf(operation.requestBody).map(([type, schema]) => (
        <>
          <h3>Body</h3>
          <p class="meta">{type}</p>
          <pre tabindex={0}>{outline(schema, components)}</pre>
        </>
      ))}
      <h3>Answers</h3>
      {Object.entries(operation.responses ?? {}).map(([status, answer]) => (
        <>
          <p>
            <strong>{status}</strong> {answer.description}
          </p>
          {Number(status) < 400 &&
            schemasOf(answer).map(([, schema]) => <pre tabindex={0}>{outline(schema, components)}</pre>)}
        </>
      ))}
    </section>
  );
}

function listOperations(document: OpenApiDocument): Listed[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = (item as Record<string, Operation | undefined>)[method];
      const id = `${method}${path}`.replace(/[^a-z0-9]+/gi, '-').replace(/-+$/, '');
      return operation ? [{ id, method: method.toUpperCase(), path, operation }] : [];
    }),
  );
}

function schemasOf(holder: Content | undefined): [string, Schema][] {
  return Object.entries(holder?.content ?? {}).flatMap(([type, { schema }]) =>
    schema ? [[type, schema] as [string, Schema]] : [],
  );
}
