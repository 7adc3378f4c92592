# A small CPU image:  docker build -t fidelia .  &&  docker run --rm -v "$PWD:/data" fidelia run /data/table.parquet --out /data/out
FROM python:3.11-slim
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir -c constraints.txt . && useradd --create-home fidelia
USER fidelia
WORKDIR /data
ENTRYPOINT ["fidelia"]
CMD ["--help"]
