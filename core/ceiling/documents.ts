import { type PolicyDocument, parseDocument } from '../egress/document';
import { joinedText, resourcesOf, type Templates } from './template';

/** A policy document found in a template, or why it could not be read. */
export type FoundDocument =
  | { readonly kind: 'ok'; readonly where: string; readonly document: PolicyDocument }
  | { readonly kind: 'unreadable'; readonly where: string; readonly problem: string };

/** In the order of the templates. Other content that AppConfig holds for the app, such as feature flags, is left out. */
export function documentsIn(templates: Templates): readonly FoundDocument[] {
  return resourcesOf(templates)
    .filter(({ type }) => type === 'AWS::AppConfig::HostedConfigurationVersion')
    .flatMap((resource): FoundDocument[] => {
      const where = `${resource.stack}/${resource.id}`;
      const content = joinedText(resource.properties.Content);
      if (content === undefined)
        return [{ kind: 'unreadable', where, problem: 'its content is neither text nor a join' }];
      if (isOtherContent(content)) return [];
      const result = parseDocument(content);
      return result.kind === 'ok'
        ? [{ kind: 'ok', where, document: result.document }]
        : [{ kind: 'unreadable', where, problem: result.problems[0] ?? 'not valid' }];
    });
}

/** Valid JSON without the fields that make a policy document one. Broken JSON may be a document, so it is reported. */
function isOtherContent(content: string): boolean {
  try {
    const json: unknown = JSON.parse(content);
    return typeof json !== 'object' || json === null || !('profile' in json || 'rules' in json);
  } catch {
    return false;
  }
}
