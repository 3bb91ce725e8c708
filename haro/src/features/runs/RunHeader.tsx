import { Alert, Anchor, Code, Group, Text } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import type { RunDetail } from '@/api/schema.gen';
import { money, short } from '@/lib/format';
import { CopyText } from '@/ui/CopyText';
import { TextLink } from '@/ui/links';
import { PageTitle } from '@/ui/PageTitle';
import { Signed } from '@/ui/Signed';
import { ModeBadge, StatusBadge } from '@/ui/StatusBadge';
import { Ago } from '@/ui/Time';
import { gainOf, isOpen } from './facts';
import { RunActions } from './RunActions';
import { RunProgress } from './RunProgress';

interface Props {
  run: RunDetail;
  /** Digests that only the result knows. */
  resultDigest: string | null;
  dataFingerprint: string | null;
  onDeleted: () => void;
}

/** What a run is, how it stands, and what it follows from. */
export function RunHeader({ run, resultDigest, dataFingerprint, onDeleted }: Props) {
  const gain = gainOf(run);
  return (
    <>
      <PageTitle title={run.id} actions={<RunActions run={run} onDeleted={onDeleted} />}>
        <StatusBadge status={run.status} />
        <ModeBadge mode={run.mode} />
      </PageTitle>
      <Group gap="lg" mb="xs" align="flex-start">
        <Text size="sm">
          <TextLink to="/runs" search={{ strategy: run.strategy }} underline="always">
            {run.strategy}
          </TextLink>{' '}
          on {run.symbols.join(', ')}, {run.timeframe} bars
          {run.account && `, ${run.account}`}
        </Text>
        <Text size="sm" className="numbers">
          <b>{money(run.equity)}</b>{' '}
          {gain && (
            <>
              <Signed value={gain.money} /> (<Signed value={gain.percent} as="percent" />)
            </>
          )}
        </Text>
        <RunProgress run={run} />
        <Text size="sm" c="dimmed">
          {isOpen(run) ? 'started ' : 'ended '}
          <Ago value={isOpen(run) ? (run.started_at ?? run.created_at) : run.stopped_at} />
        </Text>
        {run.temporal_url && (
          <Anchor size="sm" href={run.temporal_url} target="_blank" rel="noopener">
            In the Temporal UI <IconExternalLink size={12} aria-label="(opens another page)" />
          </Anchor>
        )}
      </Group>
      <Group gap="md" mb="md">
        <Digest name="strategy" digest={run.strategy_sha256} />
        <Digest name="data" digest={dataFingerprint} />
        <Digest name="result" digest={resultDigest} />
        {run.tags.map((tag) => (
          <Code key={tag}>{tag}</Code>
        ))}
      </Group>
      {run.error && (
        <Alert color="red" title={`It ended in error: ${run.error.code}`} mb="md">
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {run.error.message}
          </Text>
          {run.error.file && (
            <Code>
              {run.error.file}
              {run.error.line ? `:${run.error.line}` : ''}
            </Code>
          )}
        </Alert>
      )}
    </>
  );
}

function Digest({ name, digest }: { name: string; digest: string | null }) {
  if (!digest) return null;
  return (
    <Group gap={4}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <CopyText text={digest} shown={short(digest)} label={`the digest of the ${name}`} />
    </Group>
  );
}
