/** What CloudFormation sends to the function behind a custom resource. */
export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Readonly<Record<string, string>>;
  readonly OldResourceProperties?: Readonly<Record<string, string>>;
}

/** Does what the event asks for and says under which id the resource exists; throwing is the failure. */
export type CustomResourceWork = (event: CustomResourceEvent) => Promise<{
  readonly physicalId: string;
  /** What the template can refer to. Not secret: it is in the events of the stack. */
  readonly data?: Readonly<Record<string, string>>;
}>;

/** Sends an answer to CloudFormation's presigned URL. A port, so that tests can have it fail. */
export type Answer = (url: string, body: string) => Promise<void>;

const ATTEMPTS = 3;

/**
 * Wraps work into a handler that always answers: without an answer CloudFormation waits for an hour before it gives up.
 * An answer that can't be delivered is tried three times; then the function fails, and its log says so.
 */
export function customResourceHandler(work: CustomResourceWork, answer: Answer = put) {
  return async (event: CustomResourceEvent): Promise<void> => {
    let status: 'SUCCESS' | 'FAILED' = 'SUCCESS';
    let reason: string | undefined;
    let data: Readonly<Record<string, string>> | undefined;
    // A failed create is deleted again, under this id.
    let physicalId = event.PhysicalResourceId ?? FAILED_CREATE;
    try {
      ({ physicalId, data } = await work(event));
    } catch (error) {
      // A create that failed may have been done half way, or not at all: its delete is tried, and never in the way.
      const undone = event.RequestType === 'Delete' && event.PhysicalResourceId === FAILED_CREATE;
      status = undone ? 'SUCCESS' : 'FAILED';
      reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      console.error({
        message: 'custom resource failed',
        request: event.RequestType,
        resource: event.LogicalResourceId,
        reason,
      });
    }
    const { StackId, RequestId, LogicalResourceId } = event;
    const body = JSON.stringify({
      Status: status,
      Reason: reason?.slice(0, 1024),
      PhysicalResourceId: physicalId,
      Data: data,
      StackId,
      RequestId,
      LogicalResourceId,
    });
    for (let attempt = 1; ; attempt++) {
      try {
        return await answer(event.ResponseURL, body);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  };
}

const FAILED_CREATE = 'create-failed';

async function put(url: string, body: string): Promise<void> {
  const response = await fetch(url, {
    method: 'PUT',
    body,
    // The URL is signed for no content type; with the text/plain that fetch adds by itself S3 answers
    // SignatureDoesNotMatch, for example in eu-west-1. AWS's own cfn-response module sends an empty one too.
    headers: { 'content-type': '' },
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`CloudFormation answered ${response.status}`);
}
