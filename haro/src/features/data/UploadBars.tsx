import { Button, Checkbox, FileInput, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Failed } from '@/ui/QueryState';
import { ImportReport } from './ImportReport';
import { useImportData } from './queries';

const TIMEFRAMES = ['1m', '5m', '15m', '30m', '1h', '4h', '1d', '1w'];

/** A file of bars for the catalogue. */
export function UploadBars({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [symbol, setSymbol] = useState('');
  const [timeframe, setTimeframe] = useState('1d');
  const [calendar, setCalendar] = useState('');
  const [adjust, setAdjust] = useState(false);
  const [replace, setReplace] = useState(false);
  const [fix, setFix] = useState(false);
  const upload = useImportData();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (file) upload.mutate({ file, symbol: symbol.trim(), timeframe, calendar, adjust, replace, fix });
  };
  const choose = (next: File | null) => {
    setFile(next);
    upload.reset();
    if (next && !symbol) setSymbol(symbolOf(next.name));
  };
  return (
    <Modal opened onClose={onClose} size="lg" title="Import bars" closeButtonProps={{ 'aria-label': 'Close' }}>
      {upload.data ? (
        <ImportReport
          report={upload.data}
          onClose={onClose}
          onAnother={() => [upload.reset(), setFile(null), setSymbol('')]}
        />
      ) : (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Text size="sm" c="dimmed">
              A .csv, .csv.gz or .parquet file with a time column and open, high, low, close, volume. All of it is
              stored, or nothing.
            </Text>
            <FileInput
              label="File"
              placeholder="Choose a file"
              accept=".csv,.gz,.parquet"
              value={file}
              onChange={choose}
              required
              clearable
              clearButtonProps={{ 'aria-label': 'Choose no file' }}
            />
            <Group grow align="flex-start">
              <TextInput
                label="Symbol"
                placeholder="AAPL, BTC/USD"
                value={symbol}
                onChange={(event) => setSymbol(event.currentTarget.value)}
                required
              />
              <NativeSelect
                label="Length of a bar"
                data={TIMEFRAMES}
                value={timeframe}
                onChange={(event) => setTimeframe(event.currentTarget.value)}
              />
            </Group>
            <NativeSelect
              label="Calendar"
              data={[
                { value: '', label: 'By the symbol: around the clock when it has a slash' },
                { value: 'XNYS', label: 'New York Stock Exchange' },
                { value: '24/7', label: 'Around the clock' },
              ]}
              value={calendar}
              onChange={(event) => setCalendar(event.currentTarget.value)}
            />
            <Checkbox
              label="Adjust for splits and dividends by the column Adj Close"
              checked={adjust}
              onChange={(event) => setAdjust(event.currentTarget.checked)}
            />
            <Checkbox
              label="Take the file's values where stored bars differ"
              checked={replace}
              onChange={(event) => setReplace(event.currentTarget.checked)}
            />
            <Checkbox
              label="Sort rows, keep the last of duplicates, drop impossible bars"
              checked={fix}
              onChange={(event) => setFix(event.currentTarget.checked)}
            />
            {upload.isError && <Failed error={upload.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Back
              </Button>
              <Button type="submit" loading={upload.isPending} disabled={!file}>
                Import
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

/** A guess: files of prices are called by their symbol. */
function symbolOf(name: string): string {
  return /^[A-Za-z.]{1,6}(?=[._-]|$)/.exec(name.replace(/\.(csv|csv\.gz|parquet)$/i, ''))?.[0].toUpperCase() ?? '';
}
