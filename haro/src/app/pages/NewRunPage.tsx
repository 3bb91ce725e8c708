import { Alert, Autocomplete, Button, Center, Grid, Loader, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { ApiProblem } from '@/api/problem';
import type { RunCreate, RunDetail } from '@/api/schema.gen';
import { CoverageHint } from '@/features/data/CoverageHint';
import { ImportSamples } from '@/features/data/ImportSamples';
import { symbolList } from '@/features/data/queries';
import { SymbolsInput } from '@/features/data/SymbolsInput';
import { Commands } from '@/features/runs/Commands';
import { ConfirmLive } from '@/features/runs/ConfirmLive';
import { asked, type Draft, draftLike, missing, NEW } from '@/features/runs/draft';
import { TRADED_TIMEFRAMES } from '@/features/runs/fields';
import { runDetail, useStartRun } from '@/features/runs/queries';
import { RunForm } from '@/features/runs/RunForm';
import { AdapterPicker } from '@/features/strategies/AdapterPicker';
import { adapterList, strategyList } from '@/features/strategies/queries';
import { StrategyPicker } from '@/features/strategies/StrategyPicker';
import { PageTitle } from '@/ui/PageTitle';
import { Failed, QueryState } from '@/ui/QueryState';

// The form maker is large, and nothing else needs it.
const ParamsForm = lazy(async () => ({ default: (await import('@/features/strategies/ParamsForm')).ParamsForm }));

/** A run to be started: new, or like the one that the address names. */
export function NewRunPage() {
  const { from, strategy, symbol } = useSearch({ from: '/runs/new' });
  const model = useQuery({ ...runDetail(from ?? ''), enabled: from !== undefined });
  if (from === undefined) {
    const start = { ...NEW, strategy: strategy ?? '', symbols: symbol ? [symbol] : [] };
    return <NewRun key={`${strategy}${symbol}`} start={start} />;
  }
  return (
    <QueryState query={model}>
      {(run: RunDetail) => <NewRun key={from} start={draftLike(run)} from={from} />}
    </QueryState>
  );
}

const newKey = (): string => crypto.randomUUID();

function NewRun({ start, from }: { start: Draft; from?: string }) {
  const [draft, setDraft] = useState(start);
  const [areParamsRight, setAreParamsRight] = useState(true);
  const [wasTried, setWasTried] = useState(false);
  const [key, setKey] = useState(newKey);
  const [isConfirming, confirming] = useDisclosure();
  const strategies = useQuery(strategyList());
  const adapters = useQuery(adapterList());
  const symbols = useQuery(symbolList(''));
  const startRun = useStartRun();
  const navigate = useNavigate();
  const chosen = strategies.data?.items.find((one) => one.id === draft.strategy);
  const trades = draft.mode !== 'backtest';

  const change = (next: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...next }));
    setKey(newKey()); // another run is meant from here on
    startRun.reset();
  };
  const changeMode = (next: Partial<Draft>) =>
    change(next.mode && next.mode !== draft.mode ? { ...next, ...marketOf(next.mode, draft) } : next);

  const lacking = missing(draft);
  const refused = useMemo(() => byField(startRun.error), [startRun.error]);
  const errors: Record<string, string> = { ...(wasTried ? lacking : {}), ...refused };
  const body = useMemo(() => asked(draft), [draft]);
  const isReady = Object.keys(lacking).length === 0 && areParamsRight;

  const send = () => {
    confirming.close();
    startRun.mutate(
      { body: body as RunCreate, key },
      { onSuccess: (run) => navigate({ to: '/runs/$runId', params: { runId: run.id } }) },
    );
  };
  const submit = () => {
    setWasTried(true);
    if (!isReady) return;
    if (draft.mode === 'live') confirming.open();
    else send();
  };
  useEffect(() => {
    if (wasTried && !isReady) document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [wasTried, isReady]);

  const timeframes = trades ? TRADED_TIMEFRAMES : storedTimeframes(symbols.data?.items ?? [], draft.symbols);
  return (
    <>
      <PageTitle title={from ? `New run like ${from}` : 'New run'} />
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7, lg: 8 }}>
          <RunForm
            draft={draft}
            errors={errors}
            onChange={changeMode}
            strategy={
              <QueryState query={strategies}>
                {(list) => (
                  <StrategyPicker
                    strategies={list.items}
                    value={draft.strategy}
                    error={errors.strategy}
                    onChange={(strategy) => change({ strategy, params: {} })}
                  />
                )}
              </QueryState>
            }
            adapter={
              <AdapterPicker
                adapters={adapters.data?.items ?? []}
                mode={draft.mode === 'live' ? 'live' : 'paper'}
                value={draft.adapter}
                onChange={(adapter) => change({ adapter })}
              />
            }
            symbols={
              <SymbolsInput
                value={draft.symbols}
                error={errors.symbols}
                onChange={(symbols) => change({ symbols })}
                others={trades && draft.adapter === 'simulated' ? ['SIM/USD'] : []}
                description={
                  trades && draft.adapter === 'simulated'
                    ? 'The simulated exchange makes up prices of any symbol'
                    : undefined
                }
              />
            }
            timeframe={
              <Autocomplete
                label="Timeframe"
                description={trades ? 'How often it decides' : 'Of the stored bars'}
                withAsterisk
                data={timeframes}
                value={draft.timeframe}
                error={errors.timeframe}
                onChange={(timeframe) => change({ timeframe })}
              />
            }
            coverage={
              symbols.data?.total === 0 ? (
                <Alert title="There are no prices to replay yet" color="blue">
                  <Stack gap="xs" align="flex-start">
                    <Text size="sm">Five US shares, daily from 2000 to 2013, come with Weaver.</Text>
                    <ImportSamples />
                  </Stack>
                </Alert>
              ) : (
                <CoverageHint
                  symbols={draft.symbols}
                  timeframe={draft.timeframe}
                  onUse={(start, end) => change({ start, end })}
                />
              )
            }
            params={
              chosen?.params_schema && (
                <Suspense
                  fallback={
                    <Center p="md">
                      <Loader size="sm" />
                    </Center>
                  }
                >
                  <ParamsForm
                    key={chosen.id}
                    schema={chosen.params_schema}
                    values={draft.params}
                    onChange={(params, isValid) => {
                      setAreParamsRight(isValid);
                      change({ params });
                    }}
                  />
                </Suspense>
              )
            }
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5, lg: 4 }}>
          <Stack gap="md" pos="sticky" top={72}>
            <Button
              size="md"
              fullWidth
              color={draft.mode === 'live' ? 'red' : undefined}
              leftSection={<IconPlayerPlay size={18} aria-hidden />}
              loading={startRun.isPending}
              onClick={submit}
            >
              {draft.mode === 'live'
                ? 'Start with real money …'
                : draft.mode === 'paper'
                  ? 'Start paper run'
                  : 'Start backtest'}
            </Button>
            {wasTried && !isReady && (
              <Failed error={new Error(Object.values(lacking)[0] ?? 'A parameter is not right.')} />
            )}
            {startRun.isError && <Failed error={startRun.error} />}
            <Commands asked={body} />
          </Stack>
        </Grid.Col>
      </Grid>
      <ConfirmLive draft={draft} opened={isConfirming} onClose={confirming.close} onConfirmed={send} />
    </>
  );
}

/** Stored bars are replayed; what is traded is another market, with shorter bars as a rule. */
function marketOf(mode: Draft['mode'], before: Draft): Partial<Draft> {
  if (mode === 'backtest') return { timeframe: '1d', symbols: before.symbols.filter((one) => one !== 'SIM/USD') };
  if (before.mode !== 'backtest') return mode === 'live' && before.adapter === 'simulated' ? { adapter: 'alpaca' } : {};
  return mode === 'live' ? { adapter: 'alpaca' } : { timeframe: '5s', symbols: ['SIM/USD'], cash: before.cash };
}

/** The timeframes in which all of the symbols have bars, of which there are any. */
function storedTimeframes(stored: { symbol: string; timeframes: string[] }[], symbols: string[]): string[] {
  const lists = stored.filter((one) => symbols.includes(one.symbol)).map((one) => one.timeframes);
  const [first, ...others] = lists.length > 0 ? lists : stored.map((one) => one.timeframes);
  return lists.length > 0
    ? (first ?? []).filter((one) => others.every((list) => list.includes(one)))
    : [...new Set([...(first ?? []), ...others.flat()])];
}

function byField(error: unknown): Record<string, string> {
  if (!(error instanceof ApiProblem)) return {};
  return Object.fromEntries(error.errors.map(({ field, message }) => [field.replace(/\.\d+$/, ''), message]));
}
